import { useState } from "react";

/**
 * What is typed into a field whose value takes effect later, such as by Enter. Another value, as of another address, takes the
 * place of what was typed; the field itself stays, and with it the focus.
 */
export function useTyped(value: string | undefined): readonly [typed: string, setTyped: (typed: string) => void] {
  const [typed, setTyped] = useState(value ?? "");
  const [taken, setTaken] = useState(value);
  if (taken !== value) {
    setTaken(value);
    setTyped(value ?? "");
  }
  return [typed, setTyped];
}
