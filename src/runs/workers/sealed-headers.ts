import type { ModelSettings } from "../../models/port/index.ts";

/** Stands in a worker for the headers of a provider, which may hold a key. */
const SEAL = "x-caxton-sealed";

/** Headers of one run's models that its worker has only a number of. */
export class SealedHeaders {
  readonly #sealed = new Map<string, ModelSettings["headers"]>();

  seal<Settings extends ModelSettings>(settings: Settings): Settings {
    if (Object.keys(settings.headers).length === 0) return settings;
    const key = String(this.#sealed.size + 1);
    this.#sealed.set(key, settings.headers);
    return { ...settings, headers: { [SEAL]: key } };
  }

  open(settings: ModelSettings): ModelSettings {
    const key = settings.headers[SEAL];
    return key === undefined ? settings : { ...settings, headers: this.#sealed.get(key) ?? {} };
  }
}
