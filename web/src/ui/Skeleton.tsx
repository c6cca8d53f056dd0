/** The shape of a list that is on its way, so that nothing jumps when it comes. */
export function Skeleton({ rows, label }: { rows: number; label: string }) {
  return (
    <div role="status">
      <span className="visuallyHidden">{label}</span>
      <div className="cards" aria-hidden="true">
        {Array.from({ length: rows }, (_, row) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: they are all the same
          <div key={row} className="card skeleton" />
        ))}
      </div>
    </div>
  );
}
