import type { ProviderType } from "../providers.ts";
import type { openVendor, Vendor, VendorSettings } from "./vendor.ts";

/** Maximum of cached vendors, of a few kilobytes each; more than a server has models in use. */
const VENDORS_MAX = 64;

/**
 * Opened vendor models by everything that they were opened with, keys included: a run with other settings gets another one. A vendor
 * holds no state of a run; opening one compiles the schemas of its answers, which costs more than the rest of a turn.
 */
export class VendorCache {
  readonly #opened = new Map<string, Promise<Vendor>>();

  async open(make: typeof openVendor, type: ProviderType, settings: VendorSettings): Promise<Vendor> {
    const { fetch, ...rest } = settings;
    const key = JSON.stringify([type, fetchNumber(fetch), rest]);
    const known = this.#opened.get(key);
    if (known !== undefined) return known;
    const [oldest] = this.#opened.keys();
    if (oldest !== undefined && this.#opened.size >= VENDORS_MAX) this.#opened.delete(oldest);
    const opened = make(type, settings);
    this.#opened.set(key, opened);
    opened.catch(() => this.#opened.delete(key));
    return opened;
  }
}

const numbers = new WeakMap<VendorSettings["fetch"], number>();
let fetches = 0;

/** Returns a number that identifies a fetch function. */
function fetchNumber(fetch: VendorSettings["fetch"]): number {
  const known = numbers.get(fetch);
  if (known !== undefined) return known;
  fetches += 1;
  numbers.set(fetch, fetches);
  return fetches;
}
