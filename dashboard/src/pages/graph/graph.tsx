import { PageHeading } from "../../parts/page-heading.tsx";
import { text } from "../../text.ts";

export const Graph = () => <PageHeading title={text.pages.graph} note={text.graph.note} />;
