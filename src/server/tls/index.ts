/** TLS of the server's listeners. */
export { readCertificate, type Validity, validityOf } from "./certificate.ts";
export { SecureListeners } from "./secure-listeners.ts";
