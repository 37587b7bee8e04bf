import type { Flow } from "./traffic.ts";

/** Nodes drawn at most: those with the most traffic. The table has all. */
export const NODES_MAX = 20;

export type GraphNode = {
  readonly name: string;
  readonly x: number;
  readonly y: number;
  readonly sent: number;
  readonly received: number;
};
export type GraphEdge = { readonly flow: Flow; readonly path: string; readonly width: number; readonly middle: Point };
export type GraphLayout = {
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
  readonly width: number;
  readonly height: number;
};

/** Room along the ring for one name, and around the ring; in pixels. */
const NODE_PX = 118;
const MARGIN = { x: 84, y: 34 } as const;
const WIDTH_MIN = 560;
const HEIGHT_MIN = 340;
/** In less room than this a ring would not be seen whole: its two sides stand upright instead. */
const RING_ROOM_PX = 520;
const ROW_PX = 58;

/**
 * Places participants on a ring, clockwise by name from the top, so that positions do not depend on the traffic. Each direction
 * of a pair has its own line, bent to its right. On a narrow screen the ring becomes two columns.
 */
export function drawGraph(names: readonly string[], flows: readonly Flow[], roomPx: number): GraphLayout {
  const total = (name: string, side: "from" | "to"): number =>
    flows.filter((flow) => flow[side] === name).reduce((sum, { messages }) => sum + messages, 0);
  const counted = [...new Set([...names, ...flows.flatMap(({ from, to }) => [from, to])])].map((name) => ({
    name,
    sent: total(name, "from"),
    received: total(name, "to"),
  }));
  const drawn = counted
    .toSorted(
      (one, other) => other.sent + other.received - one.sent - one.received || one.name.localeCompare(other.name),
    )
    .slice(0, NODES_MAX)
    .toSorted((one, other) => one.name.localeCompare(other.name));
  const { places, width, height } = roomPx < RING_ROOM_PX ? columns(drawn.length, roomPx) : ring(drawn.length);
  const nodes = drawn.map((node, index): GraphNode => ({ ...node, ...(places[index] ?? { x: 0, y: 0 }) }));
  const most = Math.max(1, ...flows.map(({ messages }) => messages));
  return {
    nodes,
    edges: flows.flatMap((flow) => edge(flow, nodes, most) ?? []),
    width,
    height,
  };
}

type Places = { readonly places: readonly Point[]; readonly width: number; readonly height: number };

function ring(count: number): Places {
  const around = (count * NODE_PX) / Math.PI;
  const radius = {
    x: Math.max(WIDTH_MIN / 2 - MARGIN.x, around * 0.58),
    y: Math.max(HEIGHT_MIN / 2 - MARGIN.y, around * 0.42),
  };
  const middle = { x: radius.x + MARGIN.x, y: radius.y + MARGIN.y };
  const places = Array.from({ length: count }, (_, index): Point => {
    const angle = (index / Math.max(1, count)) * 2 * Math.PI - Math.PI / 2;
    return { x: middle.x + radius.x * Math.cos(angle), y: middle.y + radius.y * Math.sin(angle) };
  });
  return { places, width: middle.x * 2, height: middle.y * 2 };
}

/** Down on the right, up on the left, each half a row further. */
function columns(count: number, roomPx: number): Places {
  const width = Math.max(roomPx, COLUMNS_MIN_PX);
  const right = Math.ceil(count / 2);
  const places = Array.from({ length: count }, (_, index): Point => {
    const isRight = index < right;
    const row = isRight ? index : count - 1 - index + 0.5;
    return { x: isRight ? width - HALF.x - 6 : HALF.x + 6, y: MARGIN.y + row * ROW_PX };
  });
  return { places, width, height: MARGIN.y * 2 + Math.max(0, right - 0.5) * ROW_PX };
}

const BEND = 0.16;
const WIDTH = { least: 1.2, most: 7 } as const;

function edge(flow: Flow, nodes: readonly GraphNode[], most: number): GraphEdge | undefined {
  const from = nodes.find(({ name }) => name === flow.from);
  const to = nodes.find(({ name }) => name === flow.to);
  if (from === undefined || to === undefined || from === to) return undefined;
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const control = { x: (from.x + to.x) / 2 - dy * BEND, y: (from.y + to.y) / 2 + dx * BEND };
  // Ends before the name it leads to, so that the arrow is seen.
  const end = clipped(control, to);
  const weight = Math.log1p(flow.messages) / Math.log1p(most);
  return {
    flow,
    path: `M${round(from.x)} ${round(from.y)}Q${round(control.x)} ${round(control.y)} ${round(end.x)} ${round(end.y)}`,
    width: WIDTH.least + (WIDTH.most - WIDTH.least) * weight,
    middle: { x: (from.x + to.x) / 4 + control.x / 2, y: (from.y + to.y) / 4 + control.y / 2 },
  };
}

type Point = { readonly x: number; readonly y: number };
const HALF = { x: 56, y: 17 } as const;
const COLUMNS_MIN_PX = 270;

/** Where a line from `from` meets the frame around the name at `to`. */
function clipped(from: Point, to: Point): Point {
  const [dx, dy] = [from.x - to.x, from.y - to.y];
  const scale = Math.min(1, HALF.x / Math.max(1, Math.abs(dx)), HALF.y / Math.max(1, Math.abs(dy)));
  // Of the two sides the line leaves by the one it meets first.
  return { x: to.x + dx * scale, y: to.y + dy * scale };
}

const round = (value: number): number => Math.round(value * 10) / 10;
