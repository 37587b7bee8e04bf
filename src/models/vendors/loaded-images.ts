import { LIMITS } from "../../kernel/quantities.ts";
import { PDF } from "../../kernel/tokens.ts";
import type { ModelImage, ModelMessage } from "../port/index.ts";

/** Reads the bytes of an image in a dialogue; rejects if they are missing. */
export type ReadImage = (source: ModelImage["source"]) => Promise<Uint8Array>;

/** An image for a model: its bytes, or why they are withheld. */
export type LoadedImage =
  | { readonly type: "shown"; readonly data: Uint8Array }
  | { readonly type: "withheld"; readonly reason: string };
export type LoadedImages = ReadonlyMap<ModelImage, LoadedImage>;

const withheld = (reason: string): LoadedImage => ({ type: "withheld", reason });

/** Loads the images of a dialogue; the newest take precedence. Never rejects: an unreadable image is withheld. */
export async function loadImages(
  messages: readonly ModelMessage[],
  { takes, read }: { readonly takes: boolean; readonly read: ReadImage | undefined },
): Promise<LoadedImages> {
  const loaded = new Map<ModelImage, LoadedImage>();
  let count = 0;
  let bytes = 0;
  for (const image of messages.flatMap(imagesOf).toReversed()) {
    const refused = refusal(image, { takes, count, bytes });
    if (refused !== undefined || read === undefined) {
      loaded.set(image, withheld(refused ?? "it cannot be read here"));
      continue;
    }
    try {
      const data = await read(image.source);
      count += 1;
      bytes += data.byteLength;
      loaded.set(image, { type: "shown", data });
    } catch {
      loaded.set(image, withheld("its file was deleted"));
    }
  }
  return loaded;
}

function imagesOf(message: ModelMessage): readonly ModelImage[] {
  switch (message.role) {
    case "user":
      return message.images ?? [];
    case "assistant":
      return [];
    case "tool":
      return message.results.flatMap(({ images }) => images ?? []);
  }
}

function refusal(
  image: ModelImage,
  { takes, count, bytes }: { readonly takes: boolean; readonly count: number; readonly bytes: number },
): string | undefined {
  if (!takes) return "this model does not accept images";
  if (image.mediaType !== PDF && image.bytes > LIMITS.imageBytesMax)
    return `it is larger than ${LIMITS.imageBytesMax} bytes`;
  if (count >= LIMITS.imagesPerRequestMax) return `only the newest ${LIMITS.imagesPerRequestMax} images are shown`;
  if (bytes + image.bytes > LIMITS.imagesBytesMax)
    return `the images are larger than ${LIMITS.imagesBytesMax} bytes in total`;
  return undefined;
}

/** The note that replaces a withheld image. */
export const withheldNote = ({ name, mediaType, bytes }: ModelImage, reason: string): string =>
  `(${mediaType === PDF ? "file" : "image"} ${name}, ${mediaType}, ${bytes} bytes: not shown, because ${reason})`;
