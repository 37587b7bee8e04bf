/** What may stand after the `?` of each page. All of a page's state is there, so that it can be linked and reloaded. */
export type Raw = { readonly [key: string]: unknown };

export const words = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? value : undefined;

export const number = (value: unknown): number | undefined => {
  const parsed = Number(words(value) ?? value ?? Number.NaN);
  return Number.isSafeInteger(parsed) && parsed > 0 ? parsed : undefined;
};

export const oneOf = <Choice extends string>(choices: readonly Choice[], value: unknown): Choice | undefined =>
  choices.find((choice) => choice === value);

export const flag = (value: unknown): true | undefined => (value === true || value === "true" ? true : undefined);
