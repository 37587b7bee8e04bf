/** Whether a host is in a list of hosts, in which `*.example.com` stands for every host below `example.com`. */
export function isInDomains(host: string, domains: readonly string[]): boolean {
  const name = host.toLowerCase();
  return domains.some((domain) => (domain.startsWith("*.") ? name.endsWith(domain.slice(1)) : name === domain));
}
