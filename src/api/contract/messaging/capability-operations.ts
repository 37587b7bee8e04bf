import * as z from "zod";
import { operation } from "../operation.ts";
import {
  Capability,
  CapabilityPage,
  CapabilityProvider,
  CapabilityQuery,
  RegisterCapabilityBody,
  UpdateRegistrationBody,
} from "./participants.ts";

const COMMON = { tags: ["capabilities"], surfaces: ["rest", "cli"] } as const;
const READ = { ...COMMON, permission: "directory:read", effect: "read" } as const;
const WRITE = { ...COMMON, permission: "directory:write", effect: "write" } as const;
const params = z.object({ id: z.string() });

export const list = operation({
  ...READ,
  name: "capability.list",
  summary: "List capabilities with their providers",
  http: { method: "GET", path: "/api/v1/capabilities" },
  query: CapabilityQuery,
  output: CapabilityPage,
});

export const get = operation({
  ...READ,
  name: "capability.get",
  summary: "Get a capability with its providers, preferred first",
  http: { method: "GET", path: "/api/v1/capabilities/:name" },
  params: z.object({ name: z.string() }),
  output: Capability,
});

export const register = operation({
  ...WRITE,
  name: "capability.register",
  created: "id",
  summary: "Register a capability of a program or an agent",
  http: { method: "POST", path: "/api/v1/capabilities", status: 201 },
  retry: "by-key",
  body: RegisterCapabilityBody,
  output: CapabilityProvider,
});

export const registration = operation({
  ...READ,
  name: "capability.registration",
  summary: "Get a registration",
  http: { method: "GET", path: "/api/v1/registrations/:id" },
  surfaces: ["rest"],
  params,
  output: CapabilityProvider,
});

export const updateRegistration = operation({
  ...WRITE,
  name: "capability.updateRegistration",
  summary: "Change a registration; absent fields stay unchanged",
  http: { method: "PUT", path: "/api/v1/registrations/:id" },
  params,
  body: UpdateRegistrationBody,
  output: CapabilityProvider,
});

export const deleteRegistration = operation({
  ...WRITE,
  name: "capability.deleteRegistration",
  summary: "Delete a registration",
  http: { method: "DELETE", path: "/api/v1/registrations/:id" },
  effect: "destroy",
  params,
  output: params,
});
