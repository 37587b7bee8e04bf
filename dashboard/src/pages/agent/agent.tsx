import { PageHeading } from "../../parts/page-heading.tsx";

export const Agent = () => <PageHeading title="Agent" />;
