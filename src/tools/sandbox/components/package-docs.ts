/** What the author of a component wrote about its functions, from the custom section `package-docs` that WIT tools add. */

const SECTION_NAME = "package-docs";
const PREAMBLE_BYTES = 8;
const BYTES_MAX = 256 * 1024;

type Fields = { readonly [key: string]: unknown };
const fieldsOf = (value: unknown): Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? Object.fromEntries(Object.entries(value)) : {};

/** Returns the description of an exported function; empty if it is missing or cannot be read. */
export function readDocs(bytes: Uint8Array): (interfaceName: string, name: string) => string {
  const docs = fieldsOf(sectionOf(bytes));
  const worlds = Object.values(fieldsOf(docs["worlds"])).map(fieldsOf);
  const interfaces = fieldsOf(docs["interfaces"]);
  return (interfaceName, name) => {
    const short = interfaceName.replace(/^.*\//, "");
    const places =
      interfaceName === ""
        ? worlds.map((world) => fieldsOf(world["func_exports"])[name])
        : [fieldsOf(fieldsOf(interfaces[short])["funcs"])[name]];
    const found = places.map((place) => fieldsOf(place)["docs"]).find((text) => typeof text === "string");
    return typeof found === "string" ? found.trim() : "";
  };
}

function sectionOf(bytes: Uint8Array): unknown {
  let at = PREAMBLE_BYTES;
  while (at < bytes.length) {
    const id = bytes[at] ?? 0;
    const [size, start] = lengthAt(bytes, at + 1);
    const end = start + size;
    if (end > bytes.length) return undefined;
    const [nameLength, nameAt] = lengthAt(bytes, start);
    const nameEnd = nameAt + nameLength;
    if (id === 0 && Buffer.from(bytes.subarray(nameAt, nameEnd)).toString("latin1") === SECTION_NAME) {
      // A version stands in front.
      return size > BYTES_MAX ? undefined : parsed(bytes.subarray(nameEnd + 1, end));
    }
    at = end;
  }
  return undefined;
}

function lengthAt(bytes: Uint8Array, at: number): readonly [value: number, next: number] {
  let value = 0;
  let place = at;
  for (let shift = 0; shift < 35; shift += 7) {
    const byte = bytes[place] ?? 0;
    place += 1;
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) break;
  }
  return [value, place];
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch {
    return undefined;
  }
}
