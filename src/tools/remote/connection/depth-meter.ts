import { JSON_DEPTH_MAX } from "../../../kernel/json.ts";
import { McpMessageRefusedError } from "../errors.ts";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPENING = new Set([0x5b, 0x7b]);
const CLOSING = new Set([0x5d, 0x7d]);

/** Measures how deep the JSON of a message nests while its bytes come, before anything parses it. */
export class DepthMeter {
  #depth = 0;
  #isInText = false;
  #isEscaped = false;

  /** Begins the next message. */
  reset(): void {
    this.#depth = 0;
    this.#isInText = false;
    this.#isEscaped = false;
  }

  /** Returns the refusal at the first level that is too deep. */
  add(byte: number): McpMessageRefusedError | undefined {
    if (this.#isInText) {
      if (this.#isEscaped) this.#isEscaped = false;
      else if (byte === BACKSLASH) this.#isEscaped = true;
      else if (byte === QUOTE) this.#isInText = false;
    } else if (byte === QUOTE) this.#isInText = true;
    else if (CLOSING.has(byte)) this.#depth -= 1;
    else if (OPENING.has(byte)) {
      this.#depth += 1;
      if (this.#depth > JSON_DEPTH_MAX) return tooDeep();
    }
    return undefined;
  }
}

const tooDeep = (): McpMessageRefusedError =>
  new McpMessageRefusedError(
    `the server sent a message that is nested deeper than ${JSON_DEPTH_MAX} levels`,
    "Report it to the operator of the server.",
    { limit: JSON_DEPTH_MAX },
  );
