/** How sure something is, and when it holds; what is absent stays, `null` is open. */
export type Claim = {
  readonly confidence?: number;
  readonly valid_from?: string | null;
  readonly valid_to?: string | null;
};
