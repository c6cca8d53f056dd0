/** The types of `ot-text`, which brings none. */
declare module "ot-text" {
  /** Skip so many UTF-16 units, insert a text, or delete so many units. */
  type Component = number | string | { d: number };
  type Operation = readonly Component[];

  interface TextType {
    /** Without empty parts, adjacent parts of a kind joined, and no skip at the end. */
    normalize(operation: Operation): Component[];
    /** @throws Error for an operation that is too long for the text */
    apply(text: string, operation: Operation): string;
    /** What `operation` is after `other`; where both insert at one place, `left` is in front. */
    transform(operation: Operation, other: Operation, side: "left" | "right"): Component[];
    /** Both as one, `second` being of the text that `first` makes. */
    compose(first: Operation, second: Operation): Component[];
    /** Where a place, or the ends of a selection, are after another's operation. */
    transformSelection<S extends number | [number, number]>(
      selection: S,
      operation: Operation,
      isOwn: boolean,
    ): S;
  }

  const otText: { readonly type: TextType };
  export = otText;
}
