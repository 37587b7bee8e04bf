import type { ModelSettings } from "../../models/port/index.ts";

/** Stands in a thread for the headers of a provider, which may hold a key. */
const SEAL = "x-caxton-sealed";

/** Headers of one run's models that its thread has only a number of. */
export class SealedHeaders {
  readonly #kept = new Map<string, ModelSettings["headers"]>();

  seal<Settings extends ModelSettings>(settings: Settings): Settings {
    if (Object.keys(settings.headers).length === 0) return settings;
    const key = String(this.#kept.size + 1);
    this.#kept.set(key, settings.headers);
    return { ...settings, headers: { [SEAL]: key } };
  }

  open(settings: ModelSettings): ModelSettings {
    const key = settings.headers[SEAL];
    return key === undefined ? settings : { ...settings, headers: this.#kept.get(key) ?? {} };
  }
}
