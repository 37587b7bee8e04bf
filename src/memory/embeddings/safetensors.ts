import * as z from "zod";
import { ModelFileInvalidError } from "./errors.ts";

const Tensor = z.object({
  dtype: z.string(),
  shape: z.array(z.int().min(0)),
  data_offsets: z.tuple([z.int(), z.int()]),
});
type Tensor = z.infer<typeof Tensor>;
const Header = z.record(z.string(), z.unknown());

/** Larger than any valid header. */
const HEADER_BYTES_MAX = 16 * 1024 * 1024;

/** Reader of a safetensors file with float32 tensors. */
export class Safetensors {
  readonly #bytes: Uint8Array;
  readonly #tensors = new Map<string, Tensor>();
  readonly #start: number;
  readonly #file: string;

  /** Throws ModelFileInvalidError. `file` is the name in messages. */
  constructor(bytes: Uint8Array, file: string) {
    this.#bytes = bytes;
    this.#file = file;
    const length = bytes.length < 8 ? 0 : Number(viewOf(bytes).getBigUint64(0, true));
    if (length === 0 || length > HEADER_BYTES_MAX || length + 8 > bytes.length) throw this.#invalid("it has no header");
    this.#start = length + 8;
    const header = Header.safeParse(parsed(new TextDecoder().decode(bytes.subarray(8, this.#start))));
    if (!header.success) throw this.#invalid("its header is invalid");
    for (const [name, entry] of Object.entries(header.data)) {
      const tensor = Tensor.safeParse(entry);
      if (tensor.success) this.#tensors.set(name, tensor.data);
    }
  }

  /** Returns the numbers of a tensor of this shape; undefined dimensions match any length. Throws ModelFileInvalidError. */
  floats(name: string, ...shape: readonly (number | undefined)[]): Float32Array {
    const tensor = this.#tensors.get(name);
    if (tensor === undefined) throw this.#invalid(`it has no tensor ${name}`);
    const [from, until] = tensor.data_offsets;
    const isShape =
      tensor.shape.length === shape.length &&
      shape.every((side, index) => (side ?? tensor.shape[index]) === tensor.shape[index]);
    const bytes = tensor.shape.reduce((all, side) => all * side, 4);
    const isThere = from >= 0 && until - from === bytes && this.#start + until <= this.#bytes.length;
    if (tensor.dtype !== "F32" || !isShape || !isThere)
      throw this.#invalid(`its tensor ${name} is not float32 of ${shape.map((side) => side ?? "any").join(" x ")}`);
    // A copy, because floats must be aligned to 4 bytes.
    return new Float32Array(new Uint8Array(this.#bytes.subarray(this.#start + from, this.#start + until)).buffer);
  }

  #invalid(why: string): ModelFileInvalidError {
    return new ModelFileInvalidError(
      `${this.#file} is not the model that was expected: ${why}`,
      "Use the complete model.safetensors of sentence-transformers/all-MiniLM-L6-v2.",
      { file: this.#file },
    );
  }
}

const viewOf = ({ buffer, byteOffset, byteLength }: Uint8Array): DataView =>
  new DataView(buffer, byteOffset, byteLength);

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
