/** English text and JSON come to about this many bytes a token in the tokenisers of the large providers. */
const BYTES_PER_TOKEN = 4;

/**
 * About how many tokens a text takes: a quarter of its bytes, and more for scripts other than Latin, of which tokenisers
 * know fewer words. An estimate: providers count in their own ways, within about a fifth of this.
 */
export function estimateTokens(text: string): number {
  const bytes = Buffer.byteLength(text);
  return Math.ceil((2 * bytes - text.length) / BYTES_PER_TOKEN);
}
