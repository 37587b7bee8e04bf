import { expect, test } from "vitest";
import type { Access } from "../../src/access/index.ts";
import { accessOf } from "../helpers/access.ts";

/** The code with which a request with a wrong key from an address is refused. */
const refusal = async (access: Access, address: string): Promise<unknown> => {
  const origin = { address, requestId: "r" };
  const credentials = { token: undefined, key: "cax_wrong", session: undefined, connection: {}, origin };
  return access.identify(credentials).then(
    () => "accepted",
    (error: unknown) => (error instanceof Error && "code" in error ? error.code : error),
  );
};

test("failures are counted for each IPv4 address, and for each /64 of IPv6 addresses", async () => {
  const access = accessOf("required");
  const hosts = ["2001:db8::1", "2001:db8::2", "2001:db8:0:0:1:2:3:4", "2001:db8::ffff:0:1"];
  for (let count = 0; count < 30; count += 1)
    expect(await refusal(access, hosts[count % hosts.length] ?? "")).toBe("CREDENTIALS_INVALID");
  for (const host of hosts) expect(await refusal(access, host)).toBe("TOO_MANY_FAILED_LOGINS");
  for (const host of ["2001:db8:0:1::1", "192.0.2.1", "::ffff:192.0.2.2"])
    expect(await refusal(access, host)).toBe("CREDENTIALS_INVALID");
});
