"""Projects and tags."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import generics
from rest_framework.filters import OrderingFilter
from rest_framework.serializers import BaseSerializer

from webapp.api.pagination import StableCursorPagination
from webapp.api.serializers.projects_and_tags import ProjectSerializer, TagSerializer
from webapp.api.views.base import current_user
from webapp.recordings import projects_and_tags, selectors
from webapp.recordings.models import Project, Tag

DETAIL_METHODS = ["get", "patch", "delete", "head", "options"]


class _ProjectView(generics.GenericAPIView[Project]):
    queryset = Project.objects.none()
    serializer_class = ProjectSerializer
    pagination_class = StableCursorPagination
    filter_backends: list[Any] = [OrderingFilter]
    ordering_fields = ["name", "created_at"]
    ordering = "name"

    def get_queryset(self) -> QuerySet[Project]:
        return selectors.projects_of(current_user(self.request))


@extend_schema_view(
    get=extend_schema(operation_id="projects_list", summary="List projects"),
    post=extend_schema(operation_id="projects_create", summary="Create a project"),
)
class ProjectListCreateView(_ProjectView, generics.ListCreateAPIView[Project]):
    def perform_create(self, serializer: BaseSerializer[Project]) -> None:
        fields = {name: value for name, value in serializer.validated_data.items() if name != "erase_due"}
        serializer.instance = projects_and_tags.create_project(owner=current_user(self.request), **fields)


@extend_schema_view(
    get=extend_schema(operation_id="projects_retrieve", summary="Retrieve a project"),
    patch=extend_schema(operation_id="projects_partial_update", summary="Update a project"),
    delete=extend_schema(
        operation_id="projects_destroy",
        summary="Delete a project with its study; its recordings stay, in no project",
    ),
)
class ProjectDetailView(_ProjectView, generics.RetrieveUpdateDestroyAPIView[Project]):
    http_method_names = DETAIL_METHODS
    filter_backends = []

    def perform_update(self, serializer: BaseSerializer[Project]) -> None:
        assert serializer.instance is not None
        projects_and_tags.update_project(project=serializer.instance, **serializer.validated_data)

    def perform_destroy(self, instance: Project) -> None:
        projects_and_tags.delete_project(project=instance)


class _TagView(generics.GenericAPIView[Tag]):
    queryset = Tag.objects.none()
    serializer_class = TagSerializer
    pagination_class = StableCursorPagination
    filter_backends: list[Any] = [OrderingFilter]
    ordering_fields = ["name"]
    ordering = "name"

    def get_queryset(self) -> QuerySet[Tag]:
        return selectors.tags_of(current_user(self.request))


@extend_schema_view(
    get=extend_schema(operation_id="tags_list", summary="List tags"),
    post=extend_schema(operation_id="tags_create", summary="Create a tag"),
)
class TagListCreateView(_TagView, generics.ListCreateAPIView[Tag]):
    def perform_create(self, serializer: BaseSerializer[Tag]) -> None:
        serializer.instance = projects_and_tags.create_tag(
            owner=current_user(self.request), **serializer.validated_data
        )


@extend_schema_view(
    get=extend_schema(operation_id="tags_retrieve", summary="Retrieve a tag"),
    patch=extend_schema(operation_id="tags_partial_update", summary="Rename a tag on all its recordings"),
    delete=extend_schema(operation_id="tags_destroy", summary="Delete a tag, which removes it from all recordings"),
)
class TagDetailView(_TagView, generics.RetrieveUpdateDestroyAPIView[Tag]):
    http_method_names = DETAIL_METHODS
    filter_backends = []

    def perform_update(self, serializer: BaseSerializer[Tag]) -> None:
        assert serializer.instance is not None
        projects_and_tags.update_tag(tag=serializer.instance, **serializer.validated_data)

    def perform_destroy(self, instance: Tag) -> None:
        projects_and_tags.delete_tag(tag=instance)
