import { PageHeading } from "../../parts/page-heading.tsx";

export const Run = () => <PageHeading title="Run" />;
