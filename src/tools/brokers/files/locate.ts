import { refused, type Refused } from "../../sandbox/index.ts";
import { CAN_HOLD, hold, type Held } from "./held.ts";
import type { Granted } from "./paths.ts";
import { settle, wanted } from "./settle.ts";

/** Takes hold of what is at a granted path, of whatever kind it is; `follow` is for a link at its end. */
export async function locate(place: Granted, follow: boolean): Promise<Held | Refused> {
  if (CAN_HOLD) {
    // Most paths lead straight to what is granted, and holding tells. Why the others do not, settling tells.
    const held = await hold(wanted(place), { root: place.root, follow: follow || place.isDirectory }).catch(
      () => undefined,
    );
    if (held !== undefined) return held;
  }
  const found = await settle(place, follow);
  if (found.type !== "settled") return found;
  return (await hold(found.path, found)) ?? refused("denied");
}
