import { useBlocker } from "@tanstack/react-router";
import { text } from "../../text/text.ts";

/** Asks before typed text is lost by going to another page or by closing the window. */
export function useUnsaved(isTyped: boolean): void {
  useBlocker({
    shouldBlockFn: () => !confirm(text.actions.loseText),
    enableBeforeUnload: isTyped,
    disabled: !isTyped,
  });
}
