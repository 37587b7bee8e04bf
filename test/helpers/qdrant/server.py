"""Qdrant's REST paths that Caxton uses, for tests: `server.py DIRECTORY PORT [API_KEY]`; prints "listening PORT".

What is real: the storage, the filters, the conditional updates, the searches and the write-ahead log are Qdrant's own
engine (`qdrant-edge`, which Qdrant's makers build from the server's crates), and each request is checked against the
models of the official client, which are made from the server's OpenAPI document and know no other members.
What is not: the server's own HTTP layer, its queue of updates (here one lock), its optimisers' timing, clusters and
authorisation. A path or member that is not here is answered with 501, so that no test passes by being ignored.
"""

import json
import os
import sys
import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

import types

import qdrant_edge as edge
from pydantic import TypeAdapter, ValidationError

# The client itself, which is not used, would take seconds to load: its package is entered past its doors.
for package in ("qdrant_client", "qdrant_client.http"):
    place = [os.path.join(one, *package.split(".")) for one in sys.path]
    sys.modules[package] = types.ModuleType(package)
    sys.modules[package].__path__ = [one for one in place if os.path.isdir(one)]

from qdrant_client.http import models  # noqa: E402

VERSION = "1.19.1"


class Refused(Exception):
    """An answer that is no success."""

    def __init__(self, status, message):
        super().__init__(message)
        self.status = status


# Made once: each takes longer to make than to use.
READERS = {}


def read(model, body):
    reader = READERS.get(id(model)) or READERS.setdefault(id(model), TypeAdapter(model))
    try:
        return reader.validate_python(body)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise Refused(400, f"Format error in JSON body: {place}: {first['msg']}") from error


def only(model, *names):
    """Refuses members that are set and not carried out here."""
    given = {name for name in model.model_fields_set if getattr(model, name) is not None}
    left = given - set(names)
    if left:
        raise Refused(501, f"the test server does not carry out {sorted(left)} of {type(model).__name__}")


def as_list(value):
    return value if isinstance(value, list) else [value]


def match_of(match):
    if isinstance(match, models.MatchValue):
        return edge.MatchValue(match.value)
    if isinstance(match, models.MatchAny):
        return edge.MatchAny(match.any)
    raise Refused(501, f"the test server knows no {type(match).__name__}")


def condition_of(condition):
    if isinstance(condition, models.Filter):
        return filter_of(condition)
    if isinstance(condition, models.HasIdCondition):
        return edge.HasIdCondition({point_id(one) for one in condition.has_id})
    if isinstance(condition, models.HasVectorCondition):
        return edge.HasVectorCondition(condition.has_vector)
    if isinstance(condition, models.IsEmptyCondition):
        return edge.IsEmptyCondition(condition.is_empty.key)
    if isinstance(condition, models.FieldCondition):
        only(condition, "key", "match", "range")
        span = condition.range
        return edge.FieldCondition(
            condition.key,
            match=None if condition.match is None else match_of(condition.match),
            range=None if span is None else edge.RangeFloat(gte=span.gte, gt=span.gt, lte=span.lte, lt=span.lt),
        )
    raise Refused(501, f"the test server knows no {type(condition).__name__}")


def filter_of(given):
    if given is None:
        return None
    only(given, "must", "should", "must_not")
    conditions = lambda part: None if part is None else [condition_of(one) for one in as_list(part)]
    return edge.Filter(conditions(given.must), conditions(given.should), conditions(given.must_not))


def point_id(value):
    return value if isinstance(value, int) else uuid.UUID(str(value))


def vector_of(value):
    if isinstance(value, models.SparseVector):
        return edge.SparseVector(value.indices, value.values)
    return value


def vectors_of(value):
    if not isinstance(value, dict):
        raise Refused(400, "Wrong input: Not existing vector name error: ")
    return {name: vector_of(one) for name, one in value.items()}


def selected(value):
    """Which payload is asked for, as the engine takes it."""
    if isinstance(value, models.PayloadSelectorInclude):
        return value.include
    return value


def plain_vector(value):
    if isinstance(value, dict):
        return {name: plain_vector(one) for name, one in value.items()}
    if isinstance(value, edge.SparseVector):
        return {"indices": value.indices, "values": value.values}
    return value


def record_of(record):
    told = {"id": str(record.id)}
    if record.payload is not None:
        told["payload"] = record.payload
    if record.vector is not None:
        told["vector"] = plain_vector(record.vector)
    if getattr(record, "order_value", None) is not None:
        told["order_value"] = record.order_value
    return told


INDEXES = {
    "keyword": lambda p: edge.KeywordIndexParams(is_tenant=p.is_tenant),
    "integer": lambda p: edge.IntegerIndexParams(lookup=p.lookup, range=p.range),
    "float": lambda p: edge.FloatIndexParams(),
}
PLAIN = {"keyword": edge.KeywordIndexParams, "integer": lambda: edge.IntegerIndexParams(True, True), "float": edge.FloatIndexParams}


class Collection:
    """One shard of the engine, and what the engine does not tell of itself."""

    def __init__(self, place, name=None, request=None):
        self.place = place
        self.config = os.path.join(place, "collection.json")
        os.makedirs(place, exist_ok=True)
        if request is None:
            with open(self.config, encoding="utf-8") as file:
                self.told = json.load(file)
            self.shard = edge.EdgeShard.load(os.path.join(place, "shard"))
            return
        only(request, "vectors", "sparse_vectors", "optimizers_config", "on_disk_payload")
        if request.vectors:
            raise Refused(501, "the test server makes dense vectors by name only")
        sparse = {name: edge.EdgeSparseVectorParams() for name in request.sparse_vectors or {}}
        self.told = {"name": name, "vectors": {}, "sparse": list(sparse), "indexes": {}}
        self.shard = edge.EdgeShard.create(os.path.join(place, "shard"), edge.EdgeConfig(vectors={}, sparse_vectors=sparse))
        self.keep()

    def keep(self):
        with open(self.config, "w", encoding="utf-8") as file:
            json.dump(self.told, file)

    def emptied(self):
        """The same shard without anything in it but its indexes, which are what takes time to make."""
        self.shard.update(edge.UpdateOperation.delete_points_by_filter(edge.Filter()))
        for vectors in list(self.told["vectors"]):
            self.unname_vector(vectors)
        self.told["name"] = None
        self.keep()
        return self

    def info(self):
        params = {"vectors": self.told["vectors"], "sparse_vectors": {name: {} for name in self.told["sparse"]}}
        known = self.shard.info()
        return {
            "status": "green",
            "optimizer_status": "ok",
            "points_count": known.points_count,
            "indexed_vectors_count": known.indexed_vectors_count,
            "segments_count": known.segments_count,
            "config": {"params": params},
            "payload_schema": {name: {"data_type": kind, "points": 0} for name, kind in self.told["indexes"].items()},
        }

    def index(self, request):
        only(request, "field_name", "field_schema")
        schema = request.field_schema
        kind = str(schema.value if isinstance(schema, models.PayloadSchemaType) else schema.type.value)
        if kind not in INDEXES:
            raise Refused(501, f"the test server makes no index of {kind}")
        if self.told["indexes"].get(request.field_name) == kind:
            return
        params = PLAIN[kind]() if isinstance(schema, models.PayloadSchemaType) else INDEXES[kind](schema)
        self.shard.update(edge.UpdateOperation.create_field_index(request.field_name, params))
        self.told["indexes"][request.field_name] = kind
        self.keep()

    def name_vector(self, name, request):
        if name in self.told["vectors"]:
            raise Refused(400, f"Wrong input: Vector name {name} already exists")
        if not isinstance(request, models.DenseVectorNameConfig) or request.dense.multivector_config is None:
            raise Refused(501, "the test server names multivectors only")
        dense = request.dense
        only(dense, "size", "distance", "multivector_config")
        self.shard.update(
            edge.UpdateOperation.create_dense_vector(
                name, dense.size, getattr(edge.Distance, dense.distance.value), edge.MultiVectorConfig(edge.MultiVectorComparator.MaxSim)
            )
        )
        self.told["vectors"][name] = {"size": dense.size, "distance": dense.distance.value, "multivector_config": {"comparator": "max_sim"}}
        self.keep()

    def unname_vector(self, name):
        if name not in self.told["vectors"]:
            raise Refused(400, f"Wrong input: Not existing vector name error: {name}")
        self.shard.update(edge.UpdateOperation.delete_vector_name(name))
        del self.told["vectors"][name]
        self.keep()

    def upsert(self, request):
        only(request, "points", "update_filter", "update_mode")
        points = []
        for one in request.points:
            vectors = vectors_of(one.vector)
            for name in vectors:
                if name not in self.told["vectors"] and name not in self.told["sparse"]:
                    raise Refused(400, f"Wrong input: Not existing vector name error: {name}")
            points.append(edge.Point(point_id(one.id), vectors, one.payload or {}))
        modes = {None: None, "upsert": edge.UpdateMode.Upsert, "insert_only": edge.UpdateMode.InsertOnly, "update_only": edge.UpdateMode.UpdateOnly}
        mode = modes[None if request.update_mode is None else request.update_mode.value]
        self.shard.update(edge.UpdateOperation.upsert_points(points, filter_of(request.update_filter), mode))

    def delete(self, request):
        if isinstance(request, models.FilterSelector):
            only(request, "filter")
            self.shard.update(edge.UpdateOperation.delete_points_by_filter(filter_of(request.filter)))
        else:
            only(request, "points")
            self.shard.update(edge.UpdateOperation.delete_points([point_id(one) for one in request.points]))

    def set_payload(self, request):
        only(request, "payload", "filter")
        self.shard.update(edge.UpdateOperation.set_payload_by_filter(filter_of(request.filter), request.payload))

    def delete_payload(self, request):
        only(request, "keys", "filter")
        self.shard.update(edge.UpdateOperation.delete_payload_by_filter(filter_of(request.filter), request.keys))

    def batch(self, request):
        for one in request.operations:
            if isinstance(one, models.UpsertOperation):
                self.upsert(one.upsert)
            elif isinstance(one, models.DeleteOperation):
                self.delete(one.delete)
            elif isinstance(one, models.SetPayloadOperation):
                self.set_payload(one.set_payload)
            elif isinstance(one, models.DeletePayloadOperation):
                self.delete_payload(one.delete_payload)
            else:
                raise Refused(501, f"the test server knows no {type(one).__name__}")

    def retrieve(self, request):
        only(request, "ids", "with_payload", "with_vector")
        found = self.shard.retrieve([point_id(one) for one in request.ids], selected(request.with_payload), request.with_vector)
        return [record_of(one) for one in found]

    def scroll(self, request):
        only(request, "filter", "limit", "offset", "with_payload", "with_vector", "order_by")
        order = request.order_by
        if order is not None:
            only(order, "key", "direction", "start_from")
            if self.told["indexes"].get(order.key) not in ("integer", "float"):
                raise Refused(400, f"Bad request: No range index for `order_by` key: `{order.key}`.")
            down = order.direction is not None and order.direction.value == "desc"
            order = edge.OrderBy(order.key, edge.Direction.Desc if down else edge.Direction.Asc, order.start_from)
        found, following = self.shard.scroll(
            edge.ScrollRequest(
                offset=None if request.offset is None else point_id(request.offset),
                limit=request.limit,
                filter=filter_of(request.filter),
                with_payload=selected(request.with_payload),
                with_vector=request.with_vector,
                order_by=order,
            )
        )
        return {"points": [record_of(one) for one in found], "next_page_offset": None if following is None else str(following)}

    def count(self, request):
        only(request, "filter", "exact")
        return {"count": self.shard.count(edge.CountRequest(request.exact is not False, filter_of(request.filter)))}

    def facet(self, request):
        only(request, "key", "limit", "filter", "exact")
        if request.key not in self.told["indexes"]:
            raise Refused(400, f"Bad request: No appropriate index for faceting: `{request.key}`.")
        found = self.shard.facet(edge.FacetRequest(request.key, request.limit or 10, bool(request.exact), filter_of(request.filter)))
        return {"hits": [{"value": one.value, "count": one.count} for one in found.hits]}

    def query(self, request):
        only(request, "query", "using", "filter", "limit", "score_threshold", "with_payload", "with_vector", "params")
        if request.params is not None:
            only(request.params, "hnsw_ef", "exact")
        query = request.query.nearest if isinstance(request.query, models.NearestQuery) else request.query
        found = self.shard.query(
            edge.QueryRequest(
                limit=request.limit or 10,
                query=edge.Query.Nearest(vector_of(query), request.using),
                filter=filter_of(request.filter),
                score_threshold=request.score_threshold,
                with_payload=selected(request.with_payload),
                with_vector=request.with_vector,
                params=None if request.params is None else edge.SearchParams(request.params.hnsw_ef, bool(request.params.exact)),
            )
        )
        return {"points": [{**record_of(one), "version": one.version, "score": one.score} for one in found]}


POINTS = {
    ("PUT", ""): (models.PointsList, "upsert"),
    ("POST", ""): (models.PointRequest, "retrieve"),
    ("POST", "/delete"): (models.PointsSelector, "delete"),
    ("POST", "/batch"): (models.UpdateOperations, "batch"),
    ("POST", "/payload"): (models.SetPayload, "set_payload"),
    ("POST", "/payload/delete"): (models.DeletePayload, "delete_payload"),
    ("POST", "/scroll"): (models.ScrollRequest, "scroll"),
    ("POST", "/count"): (models.CountRequest, "count"),
    ("POST", "/query"): (models.QueryRequest, "query"),
}
CHANGES = {"upsert", "delete", "batch", "set_payload", "delete_payload"}


class Collections:
    """All of a directory. One call at a time, as the server's queue of one shard."""

    def __init__(self, directory):
        self.directory = directory
        self.lock = threading.RLock()
        self.spare = []
        kept = [Collection(os.path.join(directory, place)) for place in os.listdir(directory)]
        self.all = {one.told["name"]: one for one in kept if one.told["name"] is not None}

    def answer(self, method, path, body):
        if (method, path) == ("GET", "/"):
            return {"title": "qdrant - vector search engine", "version": VERSION}
        parts = [unquote(part) for part in path.split("/")[2:]]
        if not path.startswith("/collections/") or not parts:
            raise Refused(404, "")
        with self.lock:
            return self.within(method, parts[0], "/".join(["", *parts[1:]]), body)

    def within(self, method, name, rest, body):
        if (method, rest) == ("PUT", ""):
            if name in self.all:
                raise Refused(409, f"Wrong input: Collection `{name}` already exists!")
            self.all[name] = self.made(name, read(models.CreateCollection, body))
            return True
        if name not in self.all:
            raise Refused(404, f"Not found: Collection `{name}` doesn't exist!")
        collection = self.all[name]
        if (method, rest) == ("GET", ""):
            return collection.info()
        if (method, rest) == ("DELETE", ""):
            self.spare.append(collection.emptied())
            del self.all[name]
            return True
        return self.of(collection, method, rest, body)

    def made(self, name, request):
        """A collection that nobody has any more, where there is one like it: tests make dozens with the same indexes."""
        for spare in self.spare:
            if spare.told["sparse"] == list(request.sparse_vectors or {}) and not request.vectors:
                self.spare.remove(spare)
                spare.told["name"] = name
                spare.keep()
                return spare
        return Collection(os.path.join(self.directory, str(uuid.uuid4())), name, request)

    def of(self, collection, method, rest, body):
        done = {"operation_id": 0, "status": "completed"}
        if (method, rest) == ("PUT", "/index"):
            collection.index(read(models.CreateFieldIndex, body))
            return done
        if rest.startswith("/vectors/"):
            if method == "PUT":
                collection.name_vector(rest[9:], read(models.VectorNameConfig, body))
            else:
                collection.unname_vector(rest[9:])
            return done
        if (method, rest) == ("POST", "/facet"):
            return collection.facet(read(models.FacetRequest, body))
        if (method, rest) == ("POST", "/points/query/batch"):
            return [collection.query(one) for one in read(models.QueryRequestBatch, body).searches]
        if not rest.startswith("/points") or (method, rest[7:]) not in POINTS:
            raise Refused(501, f"the test server knows no {method} {rest}")
        model, name = POINTS[(method, rest[7:])]
        result = getattr(collection, name)(read(model, body))
        return done if name in CHANGES else result


def handler_for(collections, key):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # An answer leaves in one piece, or the kernel waits 40 ms with its second half.
        wbufsize = -1
        disable_nagle_algorithm = True

        def log_message(self, *_):
            pass

        def respond(self):
            length = int(self.headers.get("content-length") or 0)
            text = self.rfile.read(length) if length else b""
            address = urlsplit(self.path)
            try:
                if key and self.headers.get("api-key") != key:
                    raise Refused(401, "Must provide an API key or an Authorization bearer token" if not self.headers.get("api-key") else "Invalid API key or JWT")
                changes = self.command in ("PUT", "DELETE") or any(
                    address.path.endswith(end) for end in ("/points/delete", "/points/batch", "/points/payload", "/payload/delete")
                )
                if "/points" in address.path and changes and parse_qs(address.query).get("wait") != ["true"]:
                    raise Refused(501, "the test server takes changes with wait=true only")
                result = collections.answer(self.command, address.path, json.loads(text) if text else {})
                status, told = 200, result if address.path == "/" else {"result": result, "status": "ok", "time": 0.001}
            except Refused as error:
                status, told = error.status, {"status": {"error": str(error)}, "time": 0.0}
            except Exception as error:  # what the engine refuses
                status, told = 400, {"status": {"error": f"Wrong input: {error}"}, "time": 0.0}
            data = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)
            self.wfile.flush()

        do_GET = do_PUT = do_POST = do_DELETE = do_PATCH = respond

    return Handler


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64


if __name__ == "__main__":
    directory, port = sys.argv[1], int(sys.argv[2])
    server = Server(("127.0.0.1", port), handler_for(Collections(directory), sys.argv[3] if len(sys.argv) > 3 else ""))
    print(f"listening {server.server_address[1]}", flush=True)
    server.serve_forever()
