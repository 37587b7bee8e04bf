/** Variables that are not settings of the server. */
export const OTHER_VARIABLES: readonly string[] = [
  "CAXTON_CONFIG_PATH",
  "CAXTON_CONFIG",
  "CAXTON_SERVER",
  "CAXTON_TOKEN",
  "CAXTON_CONTEXT",
  "CAXTON_WORKSPACE",
  "CAXTON_CA_FILE",
  "CAXTON_CLIENT_CERT",
  "CAXTON_CLIENT_KEY",
  "CAXTON_OUTPUT",
];
