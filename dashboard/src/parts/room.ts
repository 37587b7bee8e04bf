import { type RefObject, useLayoutEffect, useRef, useState } from "react";

/** How many pixels wide an element is, inside of its frame; 0 before it is there. It follows the window. */
export function useRoom<Kind extends HTMLElement>(): readonly [ref: RefObject<Kind | null>, widthPx: number] {
  const ref = useRef<Kind>(null);
  const [widthPx, setWidthPx] = useState(0);
  useLayoutEffect(() => {
    const { current } = ref;
    if (current === null) return undefined;
    const measure = () => setWidthPx(current.clientWidth);
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(current);
    return () => observer.disconnect();
  }, []);
  return [ref, widthPx];
}
