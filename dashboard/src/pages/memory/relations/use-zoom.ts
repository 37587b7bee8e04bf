import { useEffect, useLayoutEffect, useRef, useState, type KeyboardEvent } from "react";
import type { Point } from "./around.ts";

const ZOOM = { min: 0.2, max: 12, step: 1.25, wheel: 1.1 } as const;

type Size = { readonly width: number; readonly height: number };

/** What is drawn: how far it reaches from its middle at full size, and what of that does not grow with it. */
export type Zoomed = {
  readonly reach: Point;
  readonly margin: Point;
  /** Not to be shown smaller at first, though not all of it fits then. */
  readonly least: number;
};

const within = (zoom: number, least: number = ZOOM.min): number => Math.min(ZOOM.max, Math.max(least, zoom));

/** What fits into the room there is, but never larger than it is drawn, nor smaller than `least`. */
const fitting = ({ reach, margin }: Zoomed, room: Size, least?: number): number =>
  within(
    Math.min(
      1,
      (room.width / 2 - margin.x) / Math.max(1, reach.x),
      (room.height / 2 - margin.y) / Math.max(1, reach.y),
    ),
    least,
  );

/** A point of the drawing and its position in the frame that zooming keeps; both as fractions. */
type Held = Point & { readonly in: Point };
const MIDDLE: Point = { x: 0.5, y: 0.5 };

/** Returns the point of the drawing at a position of the frame. */
const heldAt = (frame: Element, at: Point): Held => ({
  x: (frame.scrollLeft + at.x * frame.clientWidth) / frame.scrollWidth,
  y: (frame.scrollTop + at.y * frame.clientHeight) / frame.scrollHeight,
  in: at,
});

/**
 * Zoom of a drawing in a scrolling frame: initially fitted, then by keys (+, −, 0) and the returned functions. The middle of the
 * frame stays fixed, or, with the wheel, the point at the pointer.
 */
export function useZoom(drawing: Zoomed) {
  const frame = useRef<HTMLDivElement>(null);
  const [zoom, setZoom] = useState(1);
  // Until the user zooms, each new drawing is fitted.
  const isChosen = useRef(false);
  const held = useRef<Held>({ ...MIDDLE, in: MIDDLE });
  const change = (next: (zoom: number) => number) => {
    isChosen.current = true;
    setZoom((now) => within(next(now)));
  };
  const onScroll = () => {
    if (frame.current !== null) held.current = heldAt(frame.current, MIDDLE);
  };
  useLayoutEffect(() => {
    const element = frame.current;
    if (element === null) return;
    if (!isChosen.current) setZoom(fitting(drawing, roomOf(element), drawing.least));
    const { x, y, in: at } = held.current;
    element.scrollLeft = x * element.scrollWidth - at.x * element.clientWidth;
    element.scrollTop = y * element.scrollHeight - at.y * element.clientHeight;
  }, [zoom, drawing]);
  useEffect(() => {
    const element = frame.current;
    // A listener of its own: React's may not keep the browser from zooming the page.
    const onWheel = (event: WheelEvent) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      isChosen.current = true;
      if (element !== null) {
        const { left, top, width, height } = element.getBoundingClientRect();
        held.current = heldAt(element, { x: (event.clientX - left) / width, y: (event.clientY - top) / height });
      }
      setZoom((now) => within(now * (event.deltaY < 0 ? ZOOM.wheel : 1 / ZOOM.wheel)));
    };
    element?.addEventListener("wheel", onWheel, { passive: false });
    return () => element?.removeEventListener("wheel", onWheel);
  }, []);
  const nearer = () => change((now) => now * ZOOM.step);
  const farther = () => change((now) => now / ZOOM.step);
  const fit = () => {
    const element = frame.current;
    if (element !== null) change(() => fitting(drawing, roomOf(element)));
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const act = { "+": nearer, "=": nearer, "-": farther, "0": fit }[event.key];
    if (act === undefined) return;
    event.preventDefault();
    act();
  };
  return { frame, zoom, nearer, farther, fit, onKeyDown, onScroll };
}

/** Size available in the frame: its width and maximum height. A small drawing makes the frame lower. */
const roomOf = (element: Element): Size => ({
  width: element.clientWidth,
  height: Number.parseFloat(getComputedStyle(element).maxHeight),
});
