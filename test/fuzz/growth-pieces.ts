/** A text of about `chars` characters that grows in one way. */
export type Growing = (chars: number) => string;
/** Families of texts, by what grows in them. */
export type Families = Readonly<Record<string, Growing>>;

/** `piece` repeated until the text has `chars` characters. */
export const repeated = (chars: number, piece: (index: number) => string, separator = ""): string => {
  const pieces: string[] = [];
  for (let index = 0, length = 0; length < chars; index += 1) {
    const next = piece(index);
    pieces.push(next);
    length += next.length + separator.length;
  }
  return pieces.join(separator);
};
export const times = (chars: number, text: string): string => text.repeat(Math.ceil(chars / text.length));
export const nested = (chars: number, open: string, middle: string, close: string): string => {
  const depth = Math.ceil(chars / (open.length + close.length));
  return `${open.repeat(depth)}${middle}${close.repeat(depth)}`;
};
export const wide = (chars: number, separator: string): string => repeated(chars, (index) => String(index), separator);
