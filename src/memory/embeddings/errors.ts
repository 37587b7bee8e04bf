import { CaxtonError } from "../../kernel/errors.ts";

/** A model's file that is not what it should be: of another model, cut short, or changed. */
export class ModelFileInvalidError extends CaxtonError<{ readonly file: string }> {
  readonly code = "MODEL_FILE_INVALID";
  readonly kind = "rejected";
}

/** A model of embeddings whose files are not here. */
export class ModelNotInstalledError extends CaxtonError<{ readonly model: string; readonly file: string }> {
  readonly code = "MODEL_NOT_INSTALLED";
  readonly kind = "not-found";
}

/** A model could not be fetched; what came of it is kept for the next time. */
export class ModelDownloadError extends CaxtonError<{ readonly url: string; readonly received: number }> {
  readonly code = "MODEL_DOWNLOAD_FAILED";
  readonly kind = "upstream";
}

/** A model does not fit onto the disk. */
export class ModelDiskFullError extends CaxtonError<{ readonly directory: string; readonly needed: number }> {
  readonly code = "MODEL_DISK_FULL";
  readonly kind = "storage-full";
}

/** The directory of models cannot be made, or nothing can be written in it. */
export class ModelDirectoryError extends CaxtonError<{ readonly directory: string }> {
  readonly code = "MODEL_DIRECTORY_UNWRITABLE";
  readonly kind = "unavailable";
}

/** Another process is installing a model in the directory. */
export class ModelInstallRunningError extends CaxtonError<{ readonly directory: string; readonly pid: number }> {
  readonly code = "MODEL_INSTALL_RUNNING";
  readonly kind = "conflict";
}

/** A name that no embedder has. */
export class UnknownEmbedderError extends CaxtonError<{ readonly model: string }> {
  readonly code = "UNKNOWN_EMBEDDER";
  readonly kind = "invalid";
}

/** An endpoint gave vectors of another length than configured or before. */
export class EmbeddingDimensionsError extends CaxtonError<{ readonly expected: number; readonly got: number }> {
  readonly code = "EMBEDDING_DIMENSIONS";
  readonly kind = "rejected";
}
