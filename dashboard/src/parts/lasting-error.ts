import { useState } from "react";

type Asked = {
  readonly data: unknown;
  readonly error: Error | null;
  /** How often it has failed so far. */
  readonly errorUpdateCount: number;
};

/**
 * Why a query has nothing to show, told also while it is being asked again: without it what is told would come and go with each
 * attempt, and take with it what was opened from there.
 */
export function useLastingError({ data, error, errorUpdateCount }: Asked): Error | null {
  const [told, setTold] = useState(error);
  const isAskedAgain = error === null && data === undefined && errorUpdateCount > 0;
  if (told !== error && !isAskedAgain) setTold(error);
  return isAskedAgain ? told : error;
}
