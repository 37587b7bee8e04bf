import * as z from "zod";

/** A public key for the messages of one sender. */
export const MessageKey = z
  .object({
    owner: z.string(),
    key_id: z.string().meta({ description: "RFC 7638 thumbprint of the key's JWK" }),
    public_key: z.string().meta({ description: "The 32 bytes of the Ed25519 key, base64url" }),
    created_at: z.iso.datetime().nullable().meta({ description: "null for a key of the server" }),
    revoked_at: z.iso.datetime().nullable(),
  })
  .meta({ id: "MessageKey" });
export type MessageKey = z.infer<typeof MessageKey>;
export const MessageKeys = z.object({ items: z.array(MessageKey) }).meta({ id: "MessageKeys" });

export const AddMessageKeyBody = z
  .strictObject({
    public_key: z
      .string()
      .regex(/^[A-Za-z0-9_-]{43}$/, { error: "the 32 bytes of an Ed25519 public key, base64url" })
      .meta({ description: "The 32 bytes of an Ed25519 public key, base64url" }),
  })
  .meta({ id: "AddMessageKey" });
