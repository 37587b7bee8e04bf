import type { FileSpec } from "../grpc/index.ts";

/** a2a.proto of Agent2Agent 1.0. */
export const A2A_FILE: FileSpec = {
  name: "a2a.proto",
  package: "lf.a2a.v1",
  enums: {
    TaskState: [
      "TASK_STATE_UNSPECIFIED",
      "TASK_STATE_SUBMITTED",
      "TASK_STATE_WORKING",
      "TASK_STATE_COMPLETED",
      "TASK_STATE_FAILED",
      "TASK_STATE_CANCELED",
      "TASK_STATE_INPUT_REQUIRED",
      "TASK_STATE_REJECTED",
      "TASK_STATE_AUTH_REQUIRED",
    ],
    Role: ["ROLE_UNSPECIFIED", "ROLE_USER", "ROLE_AGENT"],
  },
  messages: {
    SendMessageConfiguration: {
      fields: {
        accepted_output_modes: [1, "repeated string"],
        task_push_notification_config: [2, "TaskPushNotificationConfig"],
        history_length: [3, "optional int32"],
        return_immediately: [4, "bool"],
      },
    },
    Task: {
      fields: {
        id: [1, "string"],
        context_id: [2, "string"],
        status: [3, "TaskStatus"],
        artifacts: [4, "repeated Artifact"],
        history: [5, "repeated Message"],
        metadata: [6, "google.protobuf.Struct"],
      },
    },
    TaskStatus: {
      fields: { state: [1, "enum TaskState"], message: [2, "Message"], timestamp: [3, "google.protobuf.Timestamp"] },
    },
    Part: {
      fields: { metadata: [5, "google.protobuf.Struct"], filename: [6, "string"], media_type: [7, "string"] },
      oneof: {
        name: "content",
        fields: { text: [1, "string"], raw: [2, "bytes"], url: [3, "string"], data: [4, "google.protobuf.Value"] },
      },
    },
    Message: {
      fields: {
        message_id: [1, "string"],
        context_id: [2, "string"],
        task_id: [3, "string"],
        role: [4, "enum Role"],
        parts: [5, "repeated Part"],
        metadata: [6, "google.protobuf.Struct"],
        extensions: [7, "repeated string"],
        reference_task_ids: [8, "repeated string"],
      },
    },
    Artifact: {
      fields: {
        artifact_id: [1, "string"],
        name: [2, "string"],
        description: [3, "string"],
        parts: [4, "repeated Part"],
        metadata: [5, "google.protobuf.Struct"],
        extensions: [6, "repeated string"],
      },
    },
    TaskStatusUpdateEvent: {
      fields: {
        task_id: [1, "string"],
        context_id: [2, "string"],
        status: [3, "TaskStatus"],
        metadata: [4, "google.protobuf.Struct"],
      },
    },
    TaskArtifactUpdateEvent: {
      fields: {
        task_id: [1, "string"],
        context_id: [2, "string"],
        artifact: [3, "Artifact"],
        append: [4, "bool"],
        last_chunk: [5, "bool"],
        metadata: [6, "google.protobuf.Struct"],
      },
    },
    AuthenticationInfo: {
      fields: { scheme: [1, "string"], credentials: [2, "string"] },
    },
    AgentInterface: {
      fields: {
        url: [1, "string"],
        protocol_binding: [2, "string"],
        tenant: [3, "string"],
        protocol_version: [4, "string"],
      },
    },
    AgentCard: {
      fields: {
        name: [1, "string"],
        description: [2, "string"],
        supported_interfaces: [3, "repeated AgentInterface"],
        provider: [4, "AgentProvider"],
        version: [5, "string"],
        documentation_url: [6, "optional string"],
        capabilities: [7, "AgentCapabilities"],
        security_schemes: [8, "map<string, SecurityScheme>"],
        security_requirements: [9, "repeated SecurityRequirement"],
        default_input_modes: [10, "repeated string"],
        default_output_modes: [11, "repeated string"],
        skills: [12, "repeated AgentSkill"],
        signatures: [13, "repeated AgentCardSignature"],
        icon_url: [14, "optional string"],
      },
    },
    AgentProvider: {
      fields: { url: [1, "string"], organization: [2, "string"] },
    },
    AgentCapabilities: {
      fields: {
        streaming: [1, "optional bool"],
        push_notifications: [2, "optional bool"],
        extensions: [3, "repeated AgentExtension"],
        extended_agent_card: [4, "optional bool"],
      },
    },
    AgentExtension: {
      fields: {
        uri: [1, "string"],
        description: [2, "string"],
        required: [3, "bool"],
        params: [4, "google.protobuf.Struct"],
      },
    },
    AgentSkill: {
      fields: {
        id: [1, "string"],
        name: [2, "string"],
        description: [3, "string"],
        tags: [4, "repeated string"],
        examples: [5, "repeated string"],
        input_modes: [6, "repeated string"],
        output_modes: [7, "repeated string"],
        security_requirements: [8, "repeated SecurityRequirement"],
      },
    },
    AgentCardSignature: {
      fields: { protected: [1, "string"], signature: [2, "string"], header: [3, "google.protobuf.Struct"] },
    },
    TaskPushNotificationConfig: {
      fields: {
        tenant: [1, "string"],
        id: [2, "string"],
        task_id: [3, "string"],
        url: [4, "string"],
        token: [5, "string"],
        authentication: [6, "AuthenticationInfo"],
      },
    },
    StringList: {
      fields: { list: [1, "repeated string"] },
    },
    SecurityRequirement: {
      fields: { schemes: [1, "map<string, StringList>"] },
    },
    SecurityScheme: {
      oneof: {
        name: "scheme",
        fields: {
          api_key_security_scheme: [1, "APIKeySecurityScheme"],
          http_auth_security_scheme: [2, "HTTPAuthSecurityScheme"],
          oauth2_security_scheme: [3, "OAuth2SecurityScheme"],
          open_id_connect_security_scheme: [4, "OpenIdConnectSecurityScheme"],
          mtls_security_scheme: [5, "MutualTlsSecurityScheme"],
        },
      },
    },
    APIKeySecurityScheme: {
      fields: { description: [1, "string"], location: [2, "string"], name: [3, "string"] },
    },
    HTTPAuthSecurityScheme: {
      fields: { description: [1, "string"], scheme: [2, "string"], bearer_format: [3, "string"] },
    },
    OAuth2SecurityScheme: {
      fields: { description: [1, "string"], flows: [2, "OAuthFlows"], oauth2_metadata_url: [3, "string"] },
    },
    OpenIdConnectSecurityScheme: {
      fields: { description: [1, "string"], open_id_connect_url: [2, "string"] },
    },
    MutualTlsSecurityScheme: {
      fields: { description: [1, "string"] },
    },
    OAuthFlows: {
      oneof: {
        name: "flow",
        fields: {
          authorization_code: [1, "AuthorizationCodeOAuthFlow"],
          client_credentials: [2, "ClientCredentialsOAuthFlow"],
          implicit: [3, "ImplicitOAuthFlow"],
          password: [4, "PasswordOAuthFlow"],
          device_code: [5, "DeviceCodeOAuthFlow"],
        },
      },
    },
    AuthorizationCodeOAuthFlow: {
      fields: {
        authorization_url: [1, "string"],
        token_url: [2, "string"],
        refresh_url: [3, "string"],
        scopes: [4, "map<string, string>"],
        pkce_required: [5, "bool"],
      },
    },
    ClientCredentialsOAuthFlow: {
      fields: { token_url: [1, "string"], refresh_url: [2, "string"], scopes: [3, "map<string, string>"] },
    },
    ImplicitOAuthFlow: {
      fields: { authorization_url: [1, "string"], refresh_url: [2, "string"], scopes: [3, "map<string, string>"] },
    },
    PasswordOAuthFlow: {
      fields: { token_url: [1, "string"], refresh_url: [2, "string"], scopes: [3, "map<string, string>"] },
    },
    DeviceCodeOAuthFlow: {
      fields: {
        device_authorization_url: [1, "string"],
        token_url: [2, "string"],
        refresh_url: [3, "string"],
        scopes: [4, "map<string, string>"],
      },
    },
    SendMessageRequest: {
      fields: {
        tenant: [1, "string"],
        message: [2, "Message"],
        configuration: [3, "SendMessageConfiguration"],
        metadata: [4, "google.protobuf.Struct"],
      },
    },
    GetTaskRequest: {
      fields: { tenant: [1, "string"], id: [2, "string"], history_length: [3, "optional int32"] },
    },
    ListTasksRequest: {
      fields: {
        tenant: [1, "string"],
        context_id: [2, "string"],
        status: [3, "enum TaskState"],
        page_size: [4, "optional int32"],
        page_token: [5, "string"],
        history_length: [6, "optional int32"],
        status_timestamp_after: [7, "google.protobuf.Timestamp"],
        include_artifacts: [8, "optional bool"],
      },
    },
    ListTasksResponse: {
      fields: {
        tasks: [1, "repeated Task"],
        next_page_token: [2, "string"],
        page_size: [3, "int32"],
        total_size: [4, "int32"],
      },
    },
    CancelTaskRequest: {
      fields: { tenant: [1, "string"], id: [2, "string"], metadata: [3, "google.protobuf.Struct"] },
    },
    GetTaskPushNotificationConfigRequest: {
      fields: { tenant: [1, "string"], task_id: [2, "string"], id: [3, "string"] },
    },
    DeleteTaskPushNotificationConfigRequest: {
      fields: { tenant: [1, "string"], task_id: [2, "string"], id: [3, "string"] },
    },
    SubscribeToTaskRequest: {
      fields: { tenant: [1, "string"], id: [2, "string"] },
    },
    ListTaskPushNotificationConfigsRequest: {
      fields: { tenant: [4, "string"], task_id: [1, "string"], page_size: [2, "int32"], page_token: [3, "string"] },
    },
    GetExtendedAgentCardRequest: {
      fields: { tenant: [1, "string"] },
    },
    SendMessageResponse: {
      oneof: { name: "payload", fields: { task: [1, "Task"], message: [2, "Message"] } },
    },
    StreamResponse: {
      oneof: {
        name: "payload",
        fields: {
          task: [1, "Task"],
          message: [2, "Message"],
          status_update: [3, "TaskStatusUpdateEvent"],
          artifact_update: [4, "TaskArtifactUpdateEvent"],
        },
      },
    },
    ListTaskPushNotificationConfigsResponse: {
      fields: { configs: [1, "repeated TaskPushNotificationConfig"], next_page_token: [2, "string"] },
    },
  },
  services: {
    A2AService: {
      SendMessage: { request: "SendMessageRequest", response: "SendMessageResponse", streams: "none" },
      SendStreamingMessage: { request: "SendMessageRequest", response: "StreamResponse", streams: "response" },
      GetTask: { request: "GetTaskRequest", response: "Task", streams: "none" },
      ListTasks: { request: "ListTasksRequest", response: "ListTasksResponse", streams: "none" },
      CancelTask: { request: "CancelTaskRequest", response: "Task", streams: "none" },
      SubscribeToTask: { request: "SubscribeToTaskRequest", response: "StreamResponse", streams: "response" },
      CreateTaskPushNotificationConfig: {
        request: "TaskPushNotificationConfig",
        response: "TaskPushNotificationConfig",
        streams: "none",
      },
      GetTaskPushNotificationConfig: {
        request: "GetTaskPushNotificationConfigRequest",
        response: "TaskPushNotificationConfig",
        streams: "none",
      },
      ListTaskPushNotificationConfigs: {
        request: "ListTaskPushNotificationConfigsRequest",
        response: "ListTaskPushNotificationConfigsResponse",
        streams: "none",
      },
      GetExtendedAgentCard: { request: "GetExtendedAgentCardRequest", response: "AgentCard", streams: "none" },
      DeleteTaskPushNotificationConfig: {
        request: "DeleteTaskPushNotificationConfigRequest",
        response: "google.protobuf.Empty",
        streams: "none",
      },
    },
  },
};
