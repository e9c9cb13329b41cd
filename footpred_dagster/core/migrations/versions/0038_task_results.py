"""Results of tasks are stored so that they can be sent as they are: gzip without its end, then CRC-32 and length."""

import gzip
import struct
import zlib

from alembic import op
from sqlalchemy import text

revision = "0038"
down_revision = "0037"


def upgrade() -> None:
    connection = op.get_bind()
    for (task_id,) in connection.execute(text("select task_id from serving.tasks where result is not null")).fetchall():
        only = {"task_id": task_id}
        result = connection.execute(
            text("select result from serving.tasks where task_id = :task_id"), only
        ).scalar_one()
        document = b'{"result":' + gzip.decompress(result)
        compressor = zlib.compressobj(1, zlib.DEFLATED, -zlib.MAX_WBITS)
        packed = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff" + compressor.compress(document)
        packed += compressor.flush(zlib.Z_SYNC_FLUSH)
        packed += struct.pack("<II", zlib.crc32(document), len(document) % 2**32)
        change = text("update serving.tasks set result = :result where task_id = :task_id")
        connection.execute(change, {"result": packed, **only})
    op.execute("""
        comment on column serving.tasks.result is
            'What a batch would have answered: gzip of {"result": ... without its end, then CRC-32 and length.'
    """)
