from llmtrack.openai import AsyncAzureOpenAI, AsyncBedrockOpenAI, AzureOpenAI, BedrockOpenAI

azure = {"azure_endpoint": "https://example.openai.azure.com", "api_version": "2024-10-21", "api_key": "…"}
print(AzureOpenAI(**azure).base_url)  # https://example.openai.azure.com/openai/
print(AsyncAzureOpenAI(**azure).base_url)  # https://example.openai.azure.com/openai/
bedrock = {"aws_region": "us-east-1", "api_key": "…"}
print(BedrockOpenAI(**bedrock).base_url)  # https://bedrock-mantle.us-east-1.api.aws/openai/v1/
print(AsyncBedrockOpenAI(**bedrock).base_url)  # https://bedrock-mantle.us-east-1.api.aws/openai/v1/
