import { refused, type Refused } from "../../sandbox/index.ts";
import { CAN_PIN, openAt, type PinnedPath } from "./pinned-path.ts";
import type { Granted } from "./paths.ts";
import { resolvePath, targetPath } from "./resolve-path.ts";

/** Takes hold of what is at a granted path, of whatever kind it is; `follow` is for a link at its end. */
export async function locate(place: Granted, follow: boolean): Promise<PinnedPath | Refused> {
  if (CAN_PIN) {
    // Most paths lead straight to the granted directory, which opening them shows. Resolving shows why
    // another does not.
    const held = await openAt(targetPath(place), { root: place.root, follow: follow || place.isDirectory }).catch(
      () => undefined,
    );
    if (held !== undefined) return held;
  }
  const found = await resolvePath(place, follow);
  if (found.type !== "settled") return found;
  return (await openAt(found.path, found)) ?? refused("denied");
}
