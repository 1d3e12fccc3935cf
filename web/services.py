"""What the pages that change something work with, beside the store that all pages read from."""

from dataclasses import dataclass
from typing import cast

from flask import current_app

from attendance.accounts import Accounts
from attendance.aws import compose
from attendance.aws.accounts import DynamoAccounts
from attendance.aws.courses import DynamoCourseBook
from attendance.aws.disputes import DynamoCases
from attendance.aws.downloads import S3Downloads
from attendance.aws.erasing import DynamoRecords, S3Documents
from attendance.aws.following import RunFollower
from attendance.aws.imports import S3Imports
from attendance.aws.people import DynamoAudit, DynamoDirectory
from attendance.aws.photos import RekognitionFaces, S3Photos
from attendance.aws.rows_log import DynamoLogReader
from attendance.aws.tokens import DynamoTokens
from attendance.aws.tools import tools_of
from attendance.aws.uploading import VideoUploads
from attendance.corrections import Corrector
from attendance.disputes import Disputes
from attendance.enrolment import Enroller
from attendance.erasure import Eraser
from attendance.recovery import Tools
from attendance.settings import Settings
from attendance.students import Faces
from attendance.tokens import Tokens


@dataclass(frozen=True)
class Services:
    """The parts, put together once per application."""

    settings: Settings
    students: DynamoRecords
    faces: Faces
    photos: S3Photos
    enroller: Enroller
    eraser: Eraser
    uploads: VideoUploads
    runs: RunFollower
    courses: DynamoCourseBook
    imports: S3Imports
    downloads: S3Downloads
    recovery: Tools
    log: DynamoLogReader
    audit: DynamoAudit
    corrector: Corrector
    disputes: Disputes
    accounts: Accounts
    tokens: Tokens


def open_services(settings: Settings, faces: Faces | None = None) -> Services:
    """The services of the settings' tables and buckets; `faces` is the collection, by default the settings'."""
    collection = faces or RekognitionFaces(settings.collection_id)
    photos = S3Photos(settings.photos_bucket)
    directory = DynamoDirectory(
        settings.students_table, settings.courses_table, settings.rosters_table, settings.audit_table
    )
    records = DynamoRecords(settings)
    documents = S3Documents(settings.work_bucket)
    corrector = compose.corrector(settings)
    return Services(
        settings=settings,
        students=records,
        faces=collection,
        photos=photos,
        enroller=Enroller(collection, photos, directory, settings.default_course_id, compose.utc_now),
        eraser=Eraser(collection, photos, records, documents, compose.utc_now),
        uploads=VideoUploads(settings.videos_bucket),
        runs=RunFollower(),
        courses=DynamoCourseBook(settings),
        imports=S3Imports(settings.work_bucket),
        downloads=S3Downloads(settings.work_bucket),
        recovery=tools_of(settings),
        log=DynamoLogReader(settings),
        audit=DynamoAudit(settings.audit_table),
        corrector=corrector,
        disputes=Disputes(DynamoCases(settings), corrector, compose.utc_now),
        tokens=Tokens(DynamoTokens(settings), compose.utc_now),
        accounts=Accounts(DynamoAccounts(settings), compose.users(settings), compose.reader(settings), records),
    )


def services() -> Services:
    """The services of the running application."""
    return cast(Services, current_app.extensions["rollcall_services"])
