/** A turning wheel; with `label` it is announced and shown beside it. */
export function Spinner({ label }: { label?: string }) {
  return (
    <span className="spinner" role={label === undefined ? undefined : "status"}>
      <span className="spinner__wheel" aria-hidden="true" />
      {label}
    </span>
  );
}
