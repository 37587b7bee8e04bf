import * as z from "zod";
import { durationText, sizeText } from "../../../text/documents/index.ts";
import { TOOL_ENTRY, TOOLS_MAX } from "../rules.ts";

const DOMAIN = /^(\*\.)?[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/;
const domains = z
  .array(
    z
      .string()
      .toLowerCase()
      .regex(DOMAIN, { error: 'a domain is written "api.example.com", or "*.example.com" for all below it' }),
  )
  .max(200)
  .optional()
  .meta({
    description: "Hosts that are reached, among those that a tool server is granted",
    examples: [["api.example.com", "*.example.org"]],
  });

const callTime = durationText({ minMs: 10, maxMs: 86_400_000 }).optional();

/** Restrictions of one agent, beside the grants and limits of its tool servers. */
export const SecurityTable = z
  .strictObject({
    restricted_tools: z
      .array(
        z.string().regex(TOOL_ENTRY, { error: 'a tool is named by its server ("csv_parser"), or server and tool' }),
      )
      .max(TOOLS_MAX)
      .default([])
      .meta({
        description: "Tools that it never calls: servers, or single tools",
        examples: [["file_system.delete_file"]],
      }),
    allowed_domains: domains,
    max_processing_time: callTime.meta({
      description: "Longest time for one tool call; at most that of its tool server",
      examples: ["30s"],
    }),
    max_memory_usage: sizeText({ minBytes: 1024 * 1024 })
      .optional()
      .meta({
        description:
          "Most memory of one sandboxed tool in one run, in whole MiB, rounded down; at most that of its tool server",
        examples: ["50MB"],
      }),
    sandbox_restrictions: z
      .strictObject({
        network_access: z.boolean().default(true).meta({ description: "Whether its tools may send requests" }),
        file_system_access: z.boolean().default(true).meta({ description: "Whether its tools may open granted files" }),
      })
      .prefault({}),
  })
  .meta({ description: "Restrictions; each only narrows what its tool servers are granted" });

/** Restrictions of one agent for one tool server. */
export const ToolConfigTable = z
  .strictObject({
    timeout: callTime.meta({ description: "Longest time for one request", examples: ["30s"] }),
    allowed_domains: domains,
    follow_redirects: z
      .boolean()
      .optional()
      .meta({ description: "Whether redirects are followed; else the tool gets them" }),
    max_redirects: z
      .int()
      .min(0)
      .max(5)
      .optional()
      .meta({ description: "Redirects of one request", examples: [3] }),
    max_response_size: sizeText({ minBytes: 1 })
      .optional()
      .meta({ description: "Longest response body", examples: ["1MB"] }),
    user_agent: z
      .string()
      .regex(/^[\x20-\x7e]{1,200}$/, { error: "a user agent is one line of at most 200 ASCII characters" })
      .optional()
      .meta({ description: "Header User-Agent of requests", examples: ["Caxton-Agent/1.0"] }),
    verify_ssl: z
      .literal(true, { error: "certificates are always verified" })
      .optional()
      .meta({ description: "Certificates are always verified" }),
  })
  .meta({ description: "Restrictions of the requests of one tool server" });
