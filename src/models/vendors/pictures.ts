import { LIMITS } from "../../kernel/quantities.ts";
import { PDF } from "../../kernel/tokens.ts";
import type { ModelImage, ModelMessage } from "../port/index.ts";

/** Reads the bytes of a picture in a dialogue; rejects when they are gone. */
export type ReadImage = (source: ModelImage["source"]) => Promise<Uint8Array>;

/** A picture as a model gets it: its bytes, or why it does not see them. */
export type Picture =
  | { readonly type: "shown"; readonly data: Uint8Array }
  | { readonly type: "withheld"; readonly reason: string };
export type Pictures = ReadonlyMap<ModelImage, Picture>;

const withheld = (reason: string): Picture => ({ type: "withheld", reason });

/** The pictures of a dialogue, the newest first to have a place. Never rejects: one that cannot be read is withheld. */
export async function loadPictures(
  messages: readonly ModelMessage[],
  { takes, read }: { readonly takes: boolean; readonly read: ReadImage | undefined },
): Promise<Pictures> {
  const pictures = new Map<ModelImage, Picture>();
  let count = 0;
  let bytes = 0;
  for (const image of messages.flatMap(imagesOf).toReversed()) {
    const refused = refusal(image, { takes, count, bytes });
    if (refused !== undefined || read === undefined) {
      pictures.set(image, withheld(refused ?? "it cannot be read here"));
      continue;
    }
    try {
      const data = await read(image.source);
      count += 1;
      bytes += data.byteLength;
      pictures.set(image, { type: "shown", data });
    } catch {
      pictures.set(image, withheld("its file is gone"));
    }
  }
  return pictures;
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
  if (!takes) return "this model cannot see pictures";
  if (image.mediaType !== PDF && image.bytes > LIMITS.imageBytesMax)
    return `it is larger than ${LIMITS.imageBytesMax} bytes`;
  if (count >= LIMITS.imagesPerRequestMax) return `only the newest ${LIMITS.imagesPerRequestMax} pictures are shown`;
  if (bytes + image.bytes > LIMITS.imagesBytesMax)
    return `pictures of more than ${LIMITS.imagesBytesMax} bytes together are not shown`;
  return undefined;
}

/** What a model is told of a picture it does not see. */
export const withheldNote = ({ name, mediaType, bytes }: ModelImage, reason: string): string =>
  `(${mediaType === PDF ? "file" : "picture"} ${name}, ${mediaType}, ${bytes} bytes: not shown, because ${reason})`;
