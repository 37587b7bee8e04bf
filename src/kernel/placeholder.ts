/** What is written in the place of a hidden text. */
export const placeholder = (name: string): string => `[redacted:${name}]`;

/** The names under which something was hidden in a text, one for each time. */
export const namesHidden = (text: string): readonly string[] =>
  [...text.matchAll(/\[redacted:([^\]\s]{1,100})\]/g)].map(([, name = ""]) => name);
