from llmtrack.anthropic import (
    AnthropicAWS,
    AnthropicBedrock,
    AnthropicBedrockMantle,
    AnthropicFoundry,
    AnthropicGoogleCloud,
    AnthropicVertex,
    AsyncAnthropicAWS,
    AsyncAnthropicBedrock,
    AsyncAnthropicBedrockMantle,
    AsyncAnthropicFoundry,
    AsyncAnthropicGoogleCloud,
    AsyncAnthropicVertex,
)

amazon = {"aws_region": "us-east-1", "api_key": "…"}
print(AnthropicBedrock(**amazon).base_url.host)  # bedrock-runtime.us-east-1.amazonaws.com
print(AsyncAnthropicBedrock(**amazon).base_url.host)  # bedrock-runtime.us-east-1.amazonaws.com
print(AnthropicBedrockMantle(**amazon).base_url.host)  # bedrock-mantle.us-east-1.api.aws
print(AsyncAnthropicBedrockMantle(**amazon).base_url.host)  # bedrock-mantle.us-east-1.api.aws
platform = {**amazon, "workspace_id": "w"}
print(AnthropicAWS(**platform).base_url.host)  # aws-external-anthropic.us-east-1.api.aws
print(AsyncAnthropicAWS(**platform).base_url.host)  # aws-external-anthropic.us-east-1.api.aws
vertex = {"region": "us-east5", "project_id": "p", "access_token": "…"}
print(AnthropicVertex(**vertex).base_url.host)  # us-east5-aiplatform.googleapis.com
print(AsyncAnthropicVertex(**vertex).base_url.host)  # us-east5-aiplatform.googleapis.com
google = {"project": "p", "location": "us-east5", "workspace_id": "w", "skip_auth": True}
print(AnthropicGoogleCloud(**google).base_url.host)  # claude.googleapis.com
print(AsyncAnthropicGoogleCloud(**google).base_url.host)  # claude.googleapis.com
foundry = {"resource": "example", "api_key": "…"}
print(AnthropicFoundry(**foundry).base_url.host)  # example.services.ai.azure.com
print(AsyncAnthropicFoundry(**foundry).base_url.host)  # example.services.ai.azure.com
