import * as fc from "fast-check";
import { expect, test } from "vitest";
import { specialUse } from "./addresses.ts";

test.each([
  "127.0.0.1",
  "127.255.0.1",
  "0.0.0.0",
  "10.1.2.3",
  "172.16.0.1",
  "172.31.255.255",
  "192.168.1.1",
  "100.64.0.1",
  "169.254.169.254",
  "224.0.0.1",
  "255.255.255.255",
  "240.0.0.1",
  "198.18.0.1",
  "192.0.2.1",
  "::",
  "::1",
  "fe80::1",
  "fe80::1%eth0",
  "fc00::1",
  "fd00:ec2::254",
  "ff02::1",
  "2001:db8::1",
  "::ffff:127.0.0.1",
  "::ffff:7f00:1",
  "::ffff:10.0.0.1",
  "::127.0.0.1",
  "64:ff9b::10.0.0.1",
  "64:ff9b:1::a00:1",
  "64:ff9b:1:a00:0:100::",
  "64:ff9b:1:808:8:800::",
  "2002:7f00:1::",
  "0:0:0:0:0:ffff:169.254.169.254",
  "not-an-address",
])("%s is no public address", (address) => {
  expect(specialUse(address)).toBeTypeOf("string");
});

test.each([
  "1.1.1.1",
  "93.184.216.34",
  "172.32.0.1",
  "100.128.0.1",
  "2606:4700::1111",
  "::ffff:8.8.8.8",
  "64:ff9b::8.8.8.8",
  "2002:808:808::1",
])("%s is public", (address) => {
  expect(specialUse(address)).toBeUndefined();
});

test("an IPv4 address is the same in each form of IPv6 that holds one", () => {
  fc.assert(
    fc.property(fc.ipV4(), (address) => {
      const what = specialUse(address);
      for (const prefix of ["::ffff:", "64:ff9b::"]) expect(specialUse(prefix + address)).toBe(what);
    }),
  );
});
