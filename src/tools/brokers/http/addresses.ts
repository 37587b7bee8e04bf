import { BlockList, isIP } from "node:net";

/** Addresses that do not belong to the public internet, with what they are. Sources: IANA's special-purpose registries. */
const SPECIAL: readonly (readonly [string, readonly string[]])[] = [
  ["of this machine", ["127.0.0.0/8", "0.0.0.0/8", "::/127"]],
  ["link-local, where clouds keep their metadata", ["169.254.0.0/16", "fe80::/10", "fd00:ec2::254/128"]],
  ["of a private network", ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fec0::/10"]],
  ["of a provider's own network", ["100.64.0.0/10"]],
  ["multicast or broadcast", ["224.0.0.0/4", "255.255.255.255/32", "ff00::/8"]],
  [
    "reserved",
    [
      "192.0.0.0/24",
      "192.0.2.0/24",
      "192.88.99.0/24",
      "198.18.0.0/15",
      "198.51.100.0/24",
      "203.0.113.0/24",
      "240.0.0.0/4",
      // For translation in one's own network, of any IPv4 address behind a prefix of any length.
      "64:ff9b:1::/48",
      "100::/64",
      "2001::/23",
      "2001:db8::/32",
      "3fff::/20",
      "5f00::/16",
    ],
  ],
];

const LISTS = SPECIAL.map(([what, networks]) => {
  const list = new BlockList();
  for (const network of networks) {
    const [address = "", bits = ""] = network.split("/");
    list.addSubnet(address, Number(bits), address.includes(":") ? "ipv6" : "ipv4");
  }
  return { what, list };
});

/** Prefixes of IPv6 addresses that hold an IPv4 address, and the group of 16 bits at which it begins. */
const EMBEDDED: readonly { readonly prefix: readonly number[]; readonly at: number }[] = [
  { prefix: [0, 0, 0, 0, 0, 0xffff], at: 6 },
  { prefix: [0, 0, 0, 0, 0xffff, 0], at: 6 },
  { prefix: [0, 0, 0, 0, 0, 0], at: 6 },
  { prefix: [0x64, 0xff9b, 0, 0, 0, 0], at: 6 },
  { prefix: [0x2002], at: 1 },
];

/** What an address is when it is not one of the public internet; undefined when it is. An IPv4 address inside of an IPv6 one counts. */
export function specialUse(address: string): string | undefined {
  const family = isIP(address);
  if (family === 0) return "no address";
  const kind = family === 6 ? "ipv6" : "ipv4";
  const found = LISTS.find(({ list }) => list.check(address, kind));
  if (found !== undefined || family === 4) return found?.what;
  const groups = groupsOf(address);
  const embedded = EMBEDDED.filter(({ prefix }) => prefix.every((group, index) => groups[index] === group));
  return embedded.map(({ at }) => specialUse(ipv4At(groups, at))).find((what) => what !== undefined);
}

const ipv4At = (groups: readonly number[], at: number): string =>
  [groups[at] ?? 0, groups[at + 1] ?? 0].flatMap((group) => [group >>> 8, group & 0xff]).join(".");

const numbers = (part: string): readonly number[] =>
  part === "" ? [] : part.split(":").map((group) => Number.parseInt(group, 16));

/** The eight groups of an IPv6 address. */
function groupsOf(address: string): readonly number[] {
  const [plain = ""] = address.split("%");
  // The URL parser writes every form of an address as one, without dots.
  const host = URL.parse(`http://[${plain}]`)?.hostname.slice(1, -1) ?? "";
  const [head = "", tail] = host.split("::");
  const [before, after] = [numbers(head), numbers(tail ?? "")];
  return [...before, ...Array.from({ length: 8 - before.length - after.length }, () => 0), ...after];
}
