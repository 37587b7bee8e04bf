import { useState } from "react";

type Asked = {
  readonly data: unknown;
  readonly error: Error | null;
  /** How often it has failed so far. */
  readonly errorUpdateCount: number;
};

/**
 * Error of a query without data, also during a refetch. Otherwise the message would flicker with each attempt and close what
 * was opened from it.
 */
export function useLastingError({ data, error, errorUpdateCount }: Asked): Error | null {
  const [lasting, setLasting] = useState(error);
  const isAskedAgain = error === null && data === undefined && errorUpdateCount > 0;
  if (lasting !== error && !isAskedAgain) setLasting(error);
  return isAskedAgain ? lasting : error;
}
