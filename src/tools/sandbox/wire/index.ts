/** What the server and its sandbox children say to each other, and how it looks as bytes. Both sides import it; it knows neither. */
export { FILE_NAME_CHARS_MAX, isFileName, isMediaType } from "./file-label.ts";
export {
  activeOf,
  type Confinement,
  CONFINEMENT_MODES,
  type ConfinementMode,
  decodeConfinement,
  encodeConfinement,
  isConfined,
  MECHANISMS,
  missingOf,
  readConfinementMode,
} from "./confinement.ts";
export { Connection } from "./connection.ts";
export { type Frame, payloadOf } from "./frames.ts";
export {
  decodeInfo,
  decodeListing,
  type DirectoryEntry,
  encodeInfo,
  encodeListing,
  type FileInfo,
  type FileKind,
  type Listing,
  type Stamp,
  type Stamps,
} from "./file-info.ts";
export { HOST_REFUSALS, type HostRefusal } from "./host-refusal.ts";
export {
  decodeAppended,
  decodeIoReply,
  decodeIoRequest,
  decodeOpened,
  encodeIoRequest,
  encodeNumber,
  encodeRefusal,
  GRANTED_BYTES,
  type IoReply,
  type IoRequest,
  type OpenFlags,
  PATH_BYTES_MAX,
  REQUEST_NAME_MAX,
  type Refusal,
} from "./io.ts";
export { JSON_DEPTH_MAX, JSON_NODES_MAX, jsonShape } from "./json-shape.ts";
export {
  type BuildAnswer,
  type BuildSpec,
  CALL_HEAD_BYTES,
  decodeResult,
  decodeWithBytes,
  encodeCallHead,
  encodeResultHead,
  encodeWithBytes,
  FROM_BUILD_CHILD,
  FROM_CHILD,
  FROM_SERVER,
  type GuestTool,
  KIND,
  type LoadSpec,
  type Outcome,
  OUTCOMES,
  type ResultMessage,
} from "./messages.ts";
export { PortStream } from "./port-stream.ts";
