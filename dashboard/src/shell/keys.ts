import { useEffect, useEffectEvent } from "react";

/** What to do for a key ("?", "j", "[") or for two after each other ("g h"). */
export type KeyBindings = { readonly [keys: string]: (event: KeyboardEvent) => void };

const SEQUENCE_MS = 1_200;

/** Listens on the whole page, except during text input, in dialogs and with modifier keys. */
export function useKeys(bindings: KeyBindings): void {
  const act = useEffectEvent((keys: string, event: KeyboardEvent): boolean => {
    const action = bindings[keys];
    action?.(event);
    return action !== undefined;
  });
  useEffect(() => {
    let prefix = "";
    let prefixAtMs = 0;
    const listen = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || isBusy(event.target)) return;
      const sequence = event.timeStamp - prefixAtMs < SEQUENCE_MS ? `${prefix} ${event.key}` : event.key;
      if (act(sequence, event) || act(event.key, event)) {
        event.preventDefault();
        prefix = "";
        return;
      }
      prefix = event.key;
      prefixAtMs = event.timeStamp;
    };
    document.addEventListener("keydown", listen);
    return () => document.removeEventListener("keydown", listen);
  }, []);
}

function isBusy(target: EventTarget | null): boolean {
  if (document.querySelector("dialog[open], [role=menu]") !== null) return true;
  return target instanceof HTMLElement && (target.isContentEditable || target.matches("input, textarea, select"));
}

/** j and k move the focus over the rows of the lists on a page; Enter then opens the one in focus, being a link. */
export function useListKeys(): void {
  useKeys({
    j: () => move(1),
    k: () => move(-1),
    "/": () => document.querySelector<HTMLElement>("[data-filter]")?.focus(),
  });
}

function move(by: 1 | -1): void {
  const rows = [...document.querySelectorAll<HTMLElement>("[data-row-link]")];
  const at = rows.findIndex((row) => row === document.activeElement);
  const next = at === -1 ? rows.at(by > 0 ? 0 : -1) : rows[at + by];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
}
