import { PageHeading } from "../../parts/page-heading.tsx";

export const ToolServer = () => <PageHeading title="ToolServer" />;
