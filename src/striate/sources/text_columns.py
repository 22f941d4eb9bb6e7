"""Columns of text from CSV, TSV and Parquet files, read as a stream so that a million rows take tens of megabytes."""

import codecs
import csv
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from striate.core.errors import DataError

ENDINGS = (".csv", ".tsv", ".parquet")

_DELIMITERS = ",;\t|"
_ENCODED = pa.dictionary(pa.int32(), pa.string())
# Measured on a manifest of 1,000,000 rows (95 MB of columns): threads gain no time and take 20 to 30 MB
_ROWS = 1 << 15  # rows of a Parquet file, and
_BUFFER = 1 << 20  # bytes of it, in memory at once


class TextColumns:
    """A file of columns, opened.

    Args:
        path: a CSV, TSV or Parquet file; CSV may have a byte order mark, be UTF-16, or use `;`, tab or `|`.
        known: column names that help to tell which character separates the columns of a CSV file.

    Raises:
        DataError: the file is not what its ending says.
    """

    def __init__(self, path: Path, known: Collection[str]) -> None:
        self.path = path
        self._is_parquet = path.suffix.lower() == ".parquet"
        self._encoding, self._delimiter, self._header_rows = "utf-8", ",", 1
        try:
            written = pq.read_schema(path).names if self._is_parquet else self._read_header(known)
        except (OSError, pa.ArrowException, UnicodeError, csv.Error) as error:
            raise self._damaged(error) from error
        self._written = list(written)
        self.names = [name.strip().lower() for name in written]

    def read(self, names: list[str], encoded: Collection[str]) -> dict[str, Any]:
        """Return some columns as text, each in one Arrow array; empty cells of a CSV file are null.

        Args:
            names: which columns, as in `self.names`.
            encoded: those of them to return as a dictionary array, as they repeat few values.

        Raises:
            DataError: a row or value cannot be read.
        """
        types = {name: _ENCODED if name in encoded else pa.string() for name in names}
        try:
            return self._parquet(types) if self._is_parquet else self._csv(types)
        except (OSError, pa.ArrowException) as error:
            raise self._damaged(error) from error

    def _read_header(self, known: Collection[str]) -> list[str]:
        with self.path.open("rb") as file:
            self._encoding = "utf-16" if file.read(2) in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE} else "utf-8"
        line = ""
        with self.path.open(encoding="utf-16" if self._encoding == "utf-16" else "utf-8-sig") as file:
            for self._header_rows, line in enumerate(file, start=1):
                if line.strip():
                    break
        headers = {mark: next(csv.reader([line], delimiter=mark), []) for mark in _DELIMITERS}
        self._delimiter = max(
            _DELIMITERS, key=lambda mark: sum(name.strip().lower() in known for name in headers[mark])
        )
        return headers[self._delimiter]

    def _csv(self, types: dict[str, Any]) -> dict[str, Any]:
        options = {
            "read_options": pyarrow.csv.ReadOptions(
                skip_rows=self._header_rows, column_names=self.names, encoding=self._encoding, use_threads=False
            ),
            "parse_options": pyarrow.csv.ParseOptions(delimiter=self._delimiter),
            "convert_options": pyarrow.csv.ConvertOptions(
                include_columns=list(types), column_types=types, strings_can_be_null=True, null_values=[""]
            ),
        }
        chunks: dict[str, list[Any]] = {name: [] for name in types}
        with pyarrow.csv.open_csv(self.path, **options) as reader:
            for batch in reader:
                for name, kind in types.items():
                    column = batch.column(name)
                    chunks[name].append(column if kind == _ENCODED else _trimmed(column))
        # one after the other, so that only one column is in memory twice
        return {name: _joined(chunks.pop(name), kind) for name, kind in types.items()}

    def _parquet(self, types: dict[str, Any]) -> dict[str, Any]:
        schema = pq.read_schema(self.path)
        columns = {}
        for name, kind in types.items():
            written = self._written[self.names.index(name)]
            is_text = pa.types.is_string(schema.field(written).type)
            repeated = [written] if kind == _ENCODED and is_text else []
            with pq.ParquetFile(self.path, read_dictionary=repeated, buffer_size=_BUFFER, pre_buffer=False) as file:
                batches = file.iter_batches(_ROWS, columns=[written], use_threads=False)
                columns[name] = _joined([_as_text(batch.column(0), kind) for batch in batches], kind)
        return columns

    def _damaged(self, error: Exception) -> DataError:
        if isinstance(error, UnicodeError) or "invalid utf8" in str(error).lower():
            return DataError(f"{self.path} is no UTF-8 text: save it as UTF-8 (in a spreadsheet: 'CSV UTF-8')")
        return DataError(f"{self.path} cannot be read as {self.path.suffix[1:].lower()}: {error}")


def _trimmed(column: Any) -> Any:
    bare = pc.utf8_trim_whitespace(column)
    return pc.if_else(pc.equal(bare, ""), pa.scalar(None, pa.string()), bare)


def _as_text(column: Any, wanted: Any) -> Any:
    if pa.types.is_dictionary(column.type) and column.type != _ENCODED:
        column = column.dictionary_decode()
    if pa.types.is_floating(column.type):
        column = pc.if_else(pc.is_nan(column), pa.scalar(None, column.type), column)
    if column.type == wanted:
        return column
    text = pc.cast(column, pa.string())
    return text if wanted == pa.string() else pc.dictionary_encode(text)


def _joined(chunks: list[Any], wanted: Any) -> Any:
    column = pa.chunked_array(chunks, wanted)
    whole = (column.unify_dictionaries() if wanted == _ENCODED else column).combine_chunks()
    whole.validate(full=True)  # neither format is bound to hold UTF-8 where it says text
    chunks.clear()
    del column
    pa.default_memory_pool().release_unused()  # else the pieces stay with the process
    return whole
