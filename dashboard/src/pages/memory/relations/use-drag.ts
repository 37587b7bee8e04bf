import { useRef, type PointerEvent, type MouseEvent } from "react";

/** As far as a hand may move that only clicks. */
const CLICK_PX = 4;

type Held = { readonly x: number; readonly y: number; readonly left: number; readonly top: number };

/**
 * Scrolls a frame by dragging with the mouse; touch scrolling is native. A link under the pointer is not followed after a
 * drag.
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
      // After a release outside the frame, the next click may come from the keyboard, with no mouse button.
      if (!wasMoved.current || event.detail === 0) return;
      wasMoved.current = false;
      event.preventDefault();
      event.stopPropagation();
    },
    // The browser would take the link instead.
    onDragStart: (event: { preventDefault: () => void }) => event.preventDefault(),
  };
}
