import { useEffect, useLayoutEffect, useRef, useState, type KeyboardEvent } from "react";

const ZOOM = { min: 0.2, max: 2, step: 1.25, wheel: 1.1, first: 0.7 } as const;

type Size = { readonly width: number; readonly height: number };

const within = (zoom: number, least: number = ZOOM.min): number => Math.min(ZOOM.max, Math.max(least, zoom));

/** What fits into the room there is, but never larger than it is drawn, nor smaller than `least`. */
export const fitting = (picture: Size, room: Size, least: number = ZOOM.min): number =>
  within(Math.min(1, room.width / picture.width, room.height / picture.height), least);

/**
 * How large a picture is shown in a frame that scrolls: first so that names can be read, then by its keys (+, −, 0) and by the
 * functions given. What is in the middle of the frame stays there.
 */
export function useZoom(picture: Size) {
  const frame = useRef<HTMLDivElement>(null);
  const [zoom, setZoom] = useState<number>();
  const centre = useRef({ x: 0.5, y: 0.5 });
  const change = (next: (zoom: number, room: Size) => number) => {
    const element = frame.current;
    if (element === null) return;
    const room = { width: element.clientWidth, height: element.clientHeight };
    setZoom((now = 1) => next(now, room));
  };
  const onScroll = () => {
    const element = frame.current;
    if (element === null) return;
    const { scrollLeft, scrollTop, clientWidth, clientHeight, scrollWidth, scrollHeight } = element;
    centre.current = {
      x: (scrollLeft + clientWidth / 2) / scrollWidth,
      y: (scrollTop + clientHeight / 2) / scrollHeight,
    };
  };
  useLayoutEffect(() => {
    const element = frame.current;
    if (element === null) return;
    if (zoom === undefined) {
      setZoom(fitting(picture, { width: element.clientWidth, height: element.clientHeight }, ZOOM.first));
      return;
    }
    element.scrollLeft = centre.current.x * element.scrollWidth - element.clientWidth / 2;
    element.scrollTop = centre.current.y * element.scrollHeight - element.clientHeight / 2;
  }, [zoom, picture]);
  useEffect(() => {
    const element = frame.current;
    // A listener of its own: React's may not keep the browser from zooming the page.
    const onWheel = (event: WheelEvent) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      setZoom((now = 1) => within(now * (event.deltaY < 0 ? ZOOM.wheel : 1 / ZOOM.wheel)));
    };
    element?.addEventListener("wheel", onWheel, { passive: false });
    return () => element?.removeEventListener("wheel", onWheel);
  }, []);
  const nearer = () => change((now) => within(now * ZOOM.step));
  const farther = () => change((now) => within(now / ZOOM.step));
  const fit = () => change((_now, room) => fitting(picture, room));
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const act = { "+": nearer, "=": nearer, "-": farther, "0": fit }[event.key];
    if (act === undefined) return;
    event.preventDefault();
    act();
  };
  return { frame, zoom: zoom ?? 1, nearer, farther, fit, onKeyDown, onScroll };
}
