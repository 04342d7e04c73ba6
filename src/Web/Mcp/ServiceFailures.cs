using CodeExec.Shared.Jobs;

namespace CodeExec.Web.Mcp;

/// <summary>
/// The outermost part of the pipeline: whatever goes wrong inside, the client gets an answer without our internals and the log gets
/// the rest. Any thread.
/// </summary>
internal sealed partial class ServiceFailures(RequestDelegate next, ILogger<ServiceFailures> log)
{
    /// <summary>Serves one request.</summary>
    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            await next(context);
        }
        catch (Exception) when (context.RequestAborted.IsCancellationRequested)
        {
            // The client is gone: there is nobody to answer, and what it left behind is no failure of ours.
        }
        catch (BadHttpRequestException fault) when (!context.Response.HasStarted)
        {
            await new Refusal(fault.StatusCode, Refusal.RequestRefused, "The HTTP request broke off, came too slowly or is malformed. Send it again.").WriteAsync(context.Response);
        }
        catch (Exception fault)
        {
            var reference = JobId.Create();
            LogFailed(fault, context.Request.Method, context.Request.Path, reference);
            if (context.Response.HasStarted)
            {
                context.Abort();
                return;
            }
            context.Response.Clear();
            await new Refusal(StatusCodes.Status500InternalServerError, (int)ModelContextProtocol.McpErrorCode.InternalError,
                $"The service failed; quote reference {reference}. The server's log explains it.").WriteAsync(context.Response);
        }
    }

    [LoggerMessage(220, LogLevel.Error, "{Method} {Path} failed; the client was given reference {Reference}")]
    private partial void LogFailed(Exception fault, string method, string path, string reference);
}
