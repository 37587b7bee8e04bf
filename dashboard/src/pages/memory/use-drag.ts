import { useRef, type PointerEvent, type MouseEvent } from "react";

/** As far as a hand may move that only clicks. */
const CLICK_PX = 4;

type Held = { readonly x: number; readonly y: number; readonly left: number; readonly top: number };

/**
 * Moves what scrolls in a frame by the mouse that holds it; fingers scroll it by themselves. A link that the mouse was let go over
 * is not followed when it was moved.
 */
export function useDrag() {
  const held = useRef<Held | undefined>(undefined);
  const wasMoved = useRef(false);
  return {
    onPointerDown: ({ pointerType, button, clientX: x, clientY: y, currentTarget }: PointerEvent<HTMLElement>) => {
      wasMoved.current = false;
      if (pointerType !== "mouse" || button !== 0) return;
      held.current = { x, y, left: currentTarget.scrollLeft, top: currentTarget.scrollTop };
    },
    onPointerMove: ({ clientX, clientY, buttons, currentTarget }: PointerEvent<HTMLElement>) => {
      const from = held.current;
      if (from === undefined) return;
      // Let go outside of the frame.
      if (buttons === 0) return void (held.current = undefined);
      const [dx, dy] = [clientX - from.x, clientY - from.y];
      if (Math.hypot(dx, dy) > CLICK_PX) wasMoved.current = true;
      if (!wasMoved.current) return;
      currentTarget.scrollLeft = from.left - dx;
      currentTarget.scrollTop = from.top - dy;
    },
    onPointerUp: () => {
      held.current = undefined;
    },
    onClickCapture: (event: MouseEvent) => {
      // Let go outside of the frame, what comes next may be the keyboard, whose clicks are none of a button.
      if (!wasMoved.current || event.detail === 0) return;
      wasMoved.current = false;
      event.preventDefault();
      event.stopPropagation();
    },
    // The browser would take the link instead.
    onDragStart: (event: { preventDefault: () => void }) => event.preventDefault(),
  };
}
