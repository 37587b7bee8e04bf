import { useSyncExternalStore } from "react";

const SHOWN_MS = 2_500;
/** Time to read a character. */
const CHARACTER_MS = 60;
let words = "";
let timer: ReturnType<typeof setTimeout> | undefined;
const listeners = new Set<() => void>();

function set(next: string): void {
  words = next;
  for (const changed of listeners) changed();
}

/** Says one thing for a moment, at the foot of the page and to screen readers. */
export function notify(message: string): void {
  clearTimeout(timer);
  set(message);
  timer = setTimeout(() => set(""), Math.max(SHOWN_MS, message.length * CHARACTER_MS));
}

export function Notice() {
  const shown = useSyncExternalStore(
    (changed) => {
      listeners.add(changed);
      return () => listeners.delete(changed);
    },
    () => words,
  );
  return (
    <div role="status" className="pointer-events-none fixed inset-x-0 bottom-6 z-50 flex justify-center">
      {shown === "" ? null : (
        <span className="animate-rise rounded-lg bg-ink px-3.5 py-2 text-sm font-medium text-canvas shadow-pop">
          {shown}
        </span>
      )}
    </div>
  );
}
