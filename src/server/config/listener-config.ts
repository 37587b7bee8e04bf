import * as z from "zod";
import { isAddressRange } from "../../kernel/addresses.ts";

export const AddressRange = z
  .string()
  .refine(isAddressRange, { error: 'expected an address or range such as "192.0.2.0/24"' });

const file = (description: string) =>
  z
    .string()
    .min(1)
    .meta({ description: `${description}; relative to the file that sets it, else to the working directory` });

/** `[server.tls]` of `caxton.toml`. */
export const TlsTable = z
  .strictObject({
    certificate: file("PEM file of the certificate, with its intermediate certificates"),
    private_key: file("PEM file of the certificate's key, without a passphrase"),
    min_version: z
      .enum(["TLSv1.3", "TLSv1.2"])
      .default("TLSv1.3")
      .meta({ description: "Oldest version of TLS that clients may use" }),
    client_ca: file("PEM file of the authorities whose client certificates count").optional(),
    require_client_certificate: z.boolean().default(false).meta({
      description: "Refuse connections without a certificate of client_ca",
    }),
  })
  .refine(({ client_ca: ca, require_client_certificate: isRequired }) => ca !== undefined || !isRequired, {
    path: ["require_client_certificate"],
    error: "name the authority of the certificates as client_ca",
  });
