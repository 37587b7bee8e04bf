import { CaxtonError } from "../../kernel/errors.ts";

/** Thrown for a model file that is truncated, changed, or of another model. */
export class ModelFileInvalidError extends CaxtonError<{ readonly file: string }> {
  readonly code = "MODEL_FILE_INVALID";
  readonly kind = "rejected";
}

/** Thrown if the files of an embedding model are not installed. */
export class ModelNotInstalledError extends CaxtonError<{ readonly model: string; readonly file: string }> {
  readonly code = "MODEL_NOT_INSTALLED";
  readonly kind = "not-found";
}

/** Thrown if a download fails; the received part is kept and resumed. */
export class ModelDownloadError extends CaxtonError<{ readonly url: string; readonly received: number }> {
  readonly code = "MODEL_DOWNLOAD_FAILED";
  readonly kind = "upstream";
}

/** Thrown if the disk has no room for a model. */
export class ModelDiskFullError extends CaxtonError<{ readonly directory: string; readonly needed: number }> {
  readonly code = "MODEL_DISK_FULL";
  readonly kind = "storage-full";
}

/** Thrown if the directory of models cannot be created or written. */
export class ModelDirectoryError extends CaxtonError<{ readonly directory: string }> {
  readonly code = "MODEL_DIRECTORY_UNWRITABLE";
  readonly kind = "unavailable";
}

/** Thrown if another process is installing a model in the directory. */
export class ModelInstallRunningError extends CaxtonError<{ readonly directory: string; readonly pid: number }> {
  readonly code = "MODEL_INSTALL_RUNNING";
  readonly kind = "conflict";
}

/** Thrown for an unknown embedder name. */
export class UnknownEmbedderError extends CaxtonError<{ readonly model: string }> {
  readonly code = "UNKNOWN_EMBEDDER";
  readonly kind = "invalid";
}

/** Thrown if an endpoint returns vectors of unexpected dimensions. */
export class EmbeddingDimensionsError extends CaxtonError<{ readonly expected: number; readonly got: number }> {
  readonly code = "EMBEDDING_DIMENSIONS";
  readonly kind = "rejected";
}
