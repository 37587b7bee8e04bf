import { PageHeading } from "../../parts/page-heading.tsx";

export const Agents = () => <PageHeading title="Agents" />;
